package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Nobody reads the standard output that events are written to: logins go on, and the node stops when it is
// asked to.
func TestANodeStopsThoughNobodyReadsItsEvents(t *testing.T) {
	folder := t.TempDir()
	fifo, config := filepath.Join(folder, "out"), filepath.Join(folder, "hotseat.yaml")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	reader, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { reader.Close() })
	_, err = unix.FcntlInt(reader.Fd(), unix.F_SETPIPE_SZ, 4096)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(config, []byte("receivers: [{name: lines, kind: stdout, from-start: true}]\n"), 0o600))
	s := &server{
		t: t, store: embedded(t), listen: restartablePort(t), args: []string{"--config", config},
		wrap: []string{"sh", "-c", `exec "$@" >"$0"`, fifo},
	}
	s.Start()
	for range 20 {
		s.mustLogin("ada", "till-1")
		s.mustLogin("ada", "till-2")
	}
	require.Eventually(t, func() bool { return s.relays("backlog_events", "lines") > 60 }, patience, 10*time.Millisecond)
	require.Zero(t, s.Terminate())
}
