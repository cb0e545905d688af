package e2e

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frames of npm's ws, against the program that echoes on the engine of terminals.
func TestFramesOfNpmsClientAreEchoed(t *testing.T) {
	echo := filepath.Join(t.TempDir(), "echo")
	out, err := exec.Command("go", "build", "-o", echo, "../hub/hubtest/echo").CombinedOutput()
	require.NoError(t, err, "%s", out)
	server := exec.Command(echo, "-listen", "127.0.0.1:0")
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	url, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	said, err := exec.Command("node", "wsclient/echo.js", strings.TrimSpace(url)).CombinedOutput()
	require.NoError(t, err, "run `make deps` if ws is missing:\n%s", said)
	require.Equal(t, "56 cases\n", string(said))
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	require.NoError(t, server.Wait(), "it ends cleanly")
}
