package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

// childDir names the folder in which this program, run again, takes seats until it is killed.
const childDir = "HOTSEAT_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	goleak.VerifyTestMain(m)
}

// child says on its output which version of which employee was acknowledged.
func child(dir string) {
	s, err := embedded.Open(context.Background(), dir, store.Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	seats := make([]*storetest.Seat, 8)
	for i := range seats {
		seats[i] = storetest.NewSeat(fmt.Sprintf("e%d", i))
		rows, err := s.Load(context.Background(), []session.Key{seats[i].Key()})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		seats[i].State.Employee = rows[0]
	}
	for {
		writes := make([]store.Write, len(seats))
		for i, seat := range seats {
			writes[i] = seat.Login(session.TimeOf(time.Now()))
		}
		for i, err := range s.Commit(context.Background(), 0, writes) {
			if err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			seats[i].Done()
			fmt.Println(seats[i].ID, seats[i].State.Version)
		}
	}
}

func startChild(t *testing.T, dir string) (cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have been killed
	lines = bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the child takes seats")
	return cmd, lines
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilledUnderLoad(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]session.Version{}
	for range 3 {
		cmd, lines := startChild(t, dir)
		for n := 0; ; n++ {
			id, version, ok := strings.Cut(lines.Text(), " ")
			v, err := strconv.ParseUint(version, 10, 64)
			require.True(t, ok && err == nil, lines.Text())
			acked[id] = session.Version(v)
			if n == 400 {
				require.NoError(t, cmd.Process.Kill())
			}
			if !lines.Scan() {
				break
			}
		}
		require.Error(t, cmd.Wait(), "it was killed")
	}
	subject := storetest.Subject{Store: open(t, dir), T: t}
	epochs := map[session.EmployeeID]session.Epoch{}
	for _, e := range subject.Started(1000) {
		require.Equal(t, epochs[e.Employee]+1, e.Epoch, "the log of %s has a gap or a repeat", e.Employee)
		epochs[e.Employee] = e.Epoch
	}
	require.Len(t, acked, 8)
	for id, version := range acked {
		row := subject.Row(session.Key(id))
		require.GreaterOrEqual(t, row.Version, version, "an acknowledged login of %s is lost", id)
		require.LessOrEqual(t, row.Version, version+1)
		require.Equal(t, row.Epoch, epochs[row.ID], "row and log of %s differ", id)
	}
}

func TestAFolderThatAnotherProcessHoldsIsRefusedWithItsPid(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := startChild(t, dir)
	_, err := embedded.Open(t.Context(), dir, store.Options{})
	require.ErrorIs(t, err, embedded.ErrHeld)
	require.ErrorContains(t, err, fmt.Sprintf("held by process %d;", cmd.Process.Pid))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // killed
	open(t, dir)
}

func TestAFullDiskIsSaidAndMendedByMakingRoom(t *testing.T) {
	dir := storetest.SmallDisk(t, 8<<20, 0o700)
	s := open(t, dir)
	load := storetest.Start(s, 16)
	require.Eventually(t, func() bool { return load.Acked.Load() > 100 }, 20*time.Second, time.Millisecond)
	makeRoom := storetest.FillDisk(t, dir)
	require.Eventually(t, func() bool { return load.Away.Load() > 50 }, 20*time.Second, time.Millisecond)
	err := s.Commit(t.Context(), 0, []store.Write{storetest.NewSeat(strings.Repeat("x", 120)).Login(1)})[0]
	require.ErrorIs(t, err, session.ErrUnavailable)
	require.ErrorContains(t, err, "disk full")
	makeRoom()
	acked := load.Acked.Load()
	require.Eventually(t, func() bool { return load.Acked.Load() > acked+100 }, 20*time.Second, time.Millisecond)
	load.Stop()
	load.Check(t, s)
}
