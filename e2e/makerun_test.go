package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bare is what a machine has where somebody tries the product first: Go, git, make and the shell's tools.
// Node, PostgreSQL and a C compiler are not among them.
var bare = []string{"go", "git", "make", "bash", "sh", "env", "sed", "sort", "head", "cat", "mkdir", "rm", "uname"}

// buildPatience is how long a build without a cache may take.
const buildPatience = 5 * time.Minute

// Somebody clones the repository and types `make run`. The modules that it needs are on this machine,
// and nothing else may be fetched.
func TestMakeRunNeedsOnlyGo(t *testing.T) {
	tools, clone := t.TempDir(), filepath.Join(t.TempDir(), "hotseat")
	for _, name := range bare {
		real, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(real, filepath.Join(tools, name)))
	}
	// The folder may belong to somebody else than this test.
	git := exec.Command("git", "clone", "--quiet", "--depth", "1", "file://"+above(t), clone)
	git.Env = append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	out, err := git.CombinedOutput()
	require.NoError(t, err, "%s", out)

	s := &server{t: t, log: &output{}, gone: make(chan struct{})}
	addresses := filepath.Join(t.TempDir(), "addresses")
	s.process = exec.Command("make", "run")
	s.process.Dir = clone
	s.process.Env = environment("PATH="+tools, "GOPROXY=off", "GOFLAGS=",
		"HOTSEAT_LISTEN=127.0.0.1:0", "HOTSEAT_OPS_LISTEN=127.0.0.1:0", "HOTSEAT_TEST_ADDR_FILE="+addresses)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // make, its shell and the server
	require.NoError(t, s.process.Start())
	go func() { defer close(s.gone); _ = s.process.Wait() }()
	group := -s.process.Process.Pid
	t.Cleanup(func() { _ = syscall.Kill(group, syscall.SIGKILL); <-s.gone })
	require.Eventually(t, func() bool {
		_, err := os.Stat(addresses)
		select {
		case <-s.gone:
			return true
		default:
			return err == nil
		}
	}, buildPatience, 20*time.Millisecond, "it said:\n%s", s.log)
	s.readAddresses(addresses)
	for _, who := range []string{"ada", "grace", "edsger"} {
		s.decodeLogin(s.send("POST", "/v1/login", "", object{"employee_id": who, "password": "demo-password"}))
	}
	require.Contains(t, s.log.String(), "made hotseat-demo/admin.key")
	require.Contains(t, s.log.String(), "made hotseat-demo/service.key")
	require.Contains(t, s.log.String(), "Admin key:    hotseat-demo/admin.key")
	require.FileExists(t, filepath.Join(clone, "hotseat-demo", "admin.key"))

	require.NoError(t, syscall.Kill(group, syscall.SIGINT))
	select {
	case <-s.gone:
	case <-time.After(patience):
		require.Fail(t, "still running after Ctrl-C", "it said:\n%s", s.log)
	}
}

// above is the repository's folder.
func above(t *testing.T) string {
	folder, err := filepath.Abs("..")
	require.NoError(t, err)
	return folder
}
