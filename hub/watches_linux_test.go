package hub

import (
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// unwatched is a descriptor that epoll refuses, as it does any of them past fs.epoll.max_user_watches.
func unwatched(t *testing.T) int {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 100)
	require.NoError(t, err)
	return fd
}

// Whoever came is dropped, and those who come after wait in the kernel: each would be dropped too.
func TestAConnectionThatTheKernelDoesNotWatchPausesAccepting(t *testing.T) {
	for name, come := range map[string]func(s *shard, fd int){
		"at the door":   func(s *shard, fd int) { s.arrive(fd, nil, netip.Addr{}) },
		"from net/http": func(s *shard, fd int) { s.adopt(fd, begun{}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := lone(t)
			hub, log := s.engine.hub, new(strings.Builder)
			hub.options.Log = slog.New(slog.NewTextHandler(log, nil))
			fd, paused := unwatched(t), make(chan []string)
			require.True(t, s.inbox.put(letter{do: func(s *shard) {
				come(s, fd)
				paused <- hub.NotReady()
			}}))
			require.Equal(t, []string{wantWatches}, <-paused)
			require.Contains(t, log.String(), "max_user_watches")
			require.ErrorIs(t, unix.Close(fd), unix.EBADF)
			require.Eventually(t, func() bool { return hub.NotReady() == nil }, 10*time.Second, time.Millisecond)
		})
	}
}

func TestAcceptingGoesOnOnlyWhenTheKernelWatchesAgain(t *testing.T) {
	s := lone(t)
	done := make(chan []bool)
	require.True(t, s.inbox.put(letter{do: func(s *shard) {
		var paused []bool
		tried := func() {
			s.pause(wantWatches)
			s.tryAgain(s.engine.hub.now())
			paused = append(paused, s.paused > 0)
		}
		again := func() (fd int) { fd, _ = unix.FcntlInt(uintptr(s.inbox.bell), unix.F_DUPFD_CLOEXEC, 0); return fd }
		taken := again() // what is watched already is refused as well
		s.watch(unix.EPOLL_CTL_ADD, taken, 0)
		unix.Close(taken)
		tried()
		s.discard(again())
		tried()
		tried()
		done <- paused
	}}))
	require.Equal(t, []bool{true, false, false}, <-done)
}

// A port has a door for each shard, and the kernel spreads those who come over all of them: who comes to
// one that is not watched waits for good.
func TestADoorThatTheKernelDoesNotWatchPausesAcceptingUntilItDoes(t *testing.T) {
	s := lone(t)
	hub, fd, done := s.engine.hub, unwatched(t), make(chan [][]string)
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	require.NoError(t, err)
	defer unix.Close(bell)
	var watched error
	require.True(t, s.inbox.put(letter{do: func(s *shard) {
		s.openDoor(&door{fd: fd})
		opened := hub.NotReady()
		s.tryAgain(hub.now())
		tried := hub.NotReady()
		unix.Dup3(bell, fd, unix.O_CLOEXEC)
		s.tryAgain(hub.now())
		watched = s.watch(unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN)
		done <- [][]string{opened, tried, hub.NotReady()}
	}}))
	require.Equal(t, [][]string{{wantWatches}, {wantWatches}, nil}, <-done)
	require.NoError(t, watched)
}
