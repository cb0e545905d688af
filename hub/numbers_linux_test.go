package hub

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// lone is a shard without others, whose sockets all wait for their token.
func lone(t *testing.T) *shard {
	h, err := New(Options{Node: "n1", Gate: nobody{}, Owners: nobody{}, Ended: nobody{}})
	require.NoError(t, err)
	e := h.engines.shards.(*shards)
	for _, s := range e.all[1:] {
		s.release()
	}
	e.all = e.all[:1]
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return e.all[0]
}

// connected is both ends of a connection.
func connected(t *testing.T) (server, client *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	out, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	in, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { in.Close(); out.Close() })
	out.SetDeadline(time.Now().Add(10 * time.Second))
	return in.(*net.TCPConn), out.(*net.TCPConn)
}

// takes has the shard make a socket of a copy of a connection, and returns the number of it.
func (s *shard) takes(t *testing.T, nc *net.TCPConn, least int) (fd int) {
	t.Helper()
	raw, err := nc.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(its uintptr) { fd, err = unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, least) }))
	require.NoError(t, err)
	done := make(chan struct{})
	require.True(t, s.inbox.put(letter{do: func(s *shard) {
		s.engine.hub.awaiting.Add(1)
		s.adopt(fd, begun{request: &Request{}, verdict: Verdict{Await: true}})
		close(done)
	}}))
	<-done
	return fd
}

func pongs(t *testing.T, client net.Conn) {
	t.Helper()
	_, err := client.Write(clientFrame(ws.OpPing, "x"))
	require.NoError(t, err)
	pong := make([]byte, 3)
	_, err = io.ReadFull(client, pong)
	require.NoError(t, err, "it was closed")
	require.Equal(t, []byte{0x80 | byte(ws.OpPong), 1, 'x'}, pong)
}

// While something else keeps a connection open, as net/http does until it has closed its own descriptor,
// epoll would go on saying that the peer has left, of whoever has the number by then.
func TestASocketThatLeftSaysNothingOfWhoGetsItsNumber(t *testing.T) {
	s := lone(t)
	kept, leaver := connected(t)
	nc, client := connected(t)
	number := s.takes(t, kept, 100)
	require.NoError(t, leaver.Close())
	require.Eventually(t, func() bool { return s.engine.hub.Count() == 0 }, 10*time.Second, time.Millisecond)
	watched, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", s.epoll))
	require.NoError(t, err)
	require.NotRegexp(t, fmt.Sprintf(`(?m)^tfd: *%d `, number), string(watched))

	require.Equal(t, number, s.takes(t, nc, number))
	for range 3 {
		pongs(t, client)
	}
}

// What epoll has said before a number was given out anew is heard after it: whoever leaves is believed
// when the read says so.
func TestAnEventOfBeforeClosesNobody(t *testing.T) {
	s := lone(t)
	nc, client := connected(t)
	number := s.takes(t, nc, 100)
	for range 3 {
		done := make(chan struct{})
		require.True(t, s.inbox.put(letter{do: func(s *shard) {
			client.Write(clientFrame(ws.OpPing, "y"))
			s.event(&unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(number)})
			close(done)
		}}))
		<-done
		pong := make([]byte, 3)
		_, err := io.ReadFull(client, pong)
		require.NoError(t, err, "it was closed")
		require.Equal(t, byte('y'), pong[2])
	}
}
