package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// cluster is what the command prints when this node is asked.
func (s *server) cluster() string {
	s.t.Helper()
	command := exec.Command(binary, "cluster", "--server", "http://"+s.listen)
	command.Env = environment("HOTSEAT_ADMIN_KEY=" + adminKey)
	out, err := command.CombinedOutput()
	require.NoError(s.t, err, "%s", out)
	return string(out)
}

// columns are those of the node's line that hold one word each: employees, sockets, and the tail's lag.
var columns = regexp.MustCompile(`(?m)^(node-\d) +ready +http://\S+ +[0-3]\.\d s +(\d+) +(\d+) +(\d+) ms +\S+ +\d+ +1$`)

func TestTheCommandShowsHowEachNodeIs(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 3)
	c := newCoder(t)
	for n := range 6 {
		employee := fmt.Sprintf("employee-%d", n)
		c.open(nodes[n%3], nodes[0].mustLogin(employee, "till-1")).established(t)
	}
	for _, s := range nodes {
		// A node that has just stood still for a second did not answer.
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			said := s.cluster()
			lines := columns.FindAllStringSubmatch(said, -1)
			require.Len(c, lines, 3, "%s", said)
			employees := 0
			for _, line := range lines {
				owned, _ := strconv.Atoi(line[2]) // digits, as the expression says
				lag, _ := strconv.Atoi(line[4])
				employees += owned
				require.Equal(c, "2", line[3], "sockets of %s:\n%s", line[1], said)
				require.Less(c, lag, 1000)
			}
			require.Equal(c, 6, employees, "%s", said)
		}, patience, 20*time.Millisecond)
	}

	silent := regexp.MustCompile(`(?m)^node-3 +silent +http://\S+ +- +- +- +- `)
	said := ""
	for range 3 { // its lease may have run out before the command has asked
		require.NoError(t, nodes[2].process.Process.Signal(syscall.SIGSTOP))
		if said = nodes[0].cluster(); silent.MatchString(said) {
			break
		}
		require.NoError(t, nodes[2].process.Process.Signal(syscall.SIGCONT))
		awaitMembers(t, nodes, 3)
	}
	require.Regexp(t, silent, said, "until its lease has run out")
	awaitMembers(t, nodes[:2], 2)
	require.NotContains(t, nodes[1].cluster(), "node-3")
	require.NoError(t, nodes[2].process.Process.Signal(syscall.SIGCONT))
	awaitMembers(t, nodes, 3)

	require.Equal(t, http.StatusNoContent, nodes[0].send("POST", "/v1/admin/nodes/node-2/drain", adminKey, nil).status)
	draining := regexp.MustCompile(`(?m)^node-2 +draining `)
	require.Eventually(t, func() bool { return draining.MatchString(nodes[2].cluster()) }, patience, 20*time.Millisecond)
}

// The example of the README: what it prints can be done, and Ctrl-C leaves nothing behind.
func TestTheExampleStartsThreeNodesAndTakesThemAlong(t *testing.T) {
	folder := t.TempDir()
	example := filepath.Join(folder, "cluster")
	out, err := exec.Command("go", "build", "-o", example, "../examples/cluster").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o755))
	require.NoError(t, os.Symlink(binary, filepath.Join(folder, "bin", "hotseat")))
	port := threePorts(t)
	said := &output{}
	process := exec.Command(example, "-port", strconv.Itoa(port))
	process.Dir, process.Env, process.Stdout, process.Stderr = folder, environment(), said, said
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	require.NoError(t, process.Start())
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	t.Cleanup(func() { _ = process.Process.Signal(syscall.SIGTERM) })
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "Ctrl-C") }, 2*patience, 20*time.Millisecond, "it said:\n%s", said)

	at := func(n int) *server { return &server{t: t, listen: fmt.Sprintf("127.0.0.1:%d", port+n), log: said} }
	for _, shown := range regexp.MustCompile(`http://127\.0\.0\.1:(\d+)`).FindAllStringSubmatch(said.String(), -1) {
		n, _ := strconv.Atoi(shown[1]) // digits, as the expression says
		require.True(t, n >= port && n < port+3, "it shows %s", shown[0])
	}
	older := at(0).demoLogin("till-1")
	tab := newCoder(t).open(at(1), older).established(t)
	at(2).demoLogin("till-2")
	require.Equal(t, "new_login", tab.toldAndClosed(t).Reason)
	look := exec.Command(binary, "cluster", "--server", "http://"+at(2).listen)
	look.Env = environment("HOTSEAT_ADMIN_KEY=admin-key-of-the-demo")
	out, err = look.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Len(t, columns.FindAllString(string(out), -1), 3, "%s", out)

	require.NoError(t, process.Process.Signal(os.Interrupt))
	require.NoError(t, <-ended, "it said:\n%s", said)
	for n := range 3 {
		_, err := net.Dial("tcp", at(n).listen)
		require.Error(t, err, "node %d still listens", n)
	}
}

// demoLogin logs in as the example says.
func (s *server) demoLogin(terminal string) login {
	s.t.Helper()
	return s.decodeLogin(s.send("POST", "/v1/login", "", object{"employee_id": "ada", "password": "demo-password", "terminal_id": terminal}))
}

// threePorts is the first of three that are free, below those of outgoing connections.
func threePorts(t *testing.T) int {
	for port := 12000 + os.Getpid()%900*3; port < 15000; port += 3 {
		free := 0
		for n := range 3 {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+n)); err == nil {
				require.NoError(t, l.Close())
				free++
			}
		}
		if free == 3 {
			return port
		}
	}
	require.Fail(t, "no three free ports")
	return 0
}
