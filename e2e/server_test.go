package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// The keys of every server under test.
const (
	serviceKey = "service-key-of-the-tests"
	adminKey   = "admin-key-of-the-tests"
)

// patience is how long a test waits for what should take milliseconds.
const patience = 20 * time.Second

// server is one data store and port, and the process that serves it now. Start and Kill are for
// the test's goroutine; every request method may be called by any goroutine.
type server struct {
	t         *testing.T
	store     string   // value of --store
	args      []string // further flags
	wrap      []string // a command that the binary is an argument of
	ownMounts bool     // run in a mount namespace of its own
	folder    string   // its working directory; empty: the test's

	process *exec.Cmd
	gone    chan struct{} // closed when process has ended
	log     *output
	listen  string // host:port, kept over restarts
	ops     string
}

// start runs the binary until the test ends.
func start(t *testing.T, store string, args ...string) *server {
	s := &server{t: t, store: store, args: args, listen: restartablePort(t)}
	s.Start()
	return s
}

// Start runs the binary again, on the same port and store, and waits until it is ready.
func (s *server) Start() {
	s.t.Helper()
	s.launch()
	require.Eventually(s.t, s.ready, patience, 5*time.Millisecond, "not ready; it said:\n%s", s.log)
}

func (s *server) launch() {
	s.t.Helper()
	followSources(s.t)
	addresses := filepath.Join(s.t.TempDir(), "addresses")
	argv := append(append([]string{}, s.wrap...), binary, "serve",
		"--listen", s.listen, "--ops-listen", "127.0.0.1:0", "--store", s.store, "--drain-delay", "0s")
	argv = append(argv, s.args...)
	s.process = exec.Command(argv[0], argv[1:]...)
	s.process.Dir = s.folder
	s.process.Env = environment("HOTSEAT_TEST_ADDR_FILE="+addresses,
		"HOTSEAT_SERVICE_KEY=pos="+serviceKey, "HOTSEAT_ADMIN_KEY=ops="+adminKey)
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if s.ownMounts {
		privateMounts(s.process.SysProcAttr)
	}
	s.log = &output{}
	s.process.Stdout, s.process.Stderr = s.log, s.log
	require.NoError(s.t, s.process.Start())
	process, gone := s.process, make(chan struct{})
	s.gone = gone
	go func() { defer close(gone); _ = process.Wait() }()
	s.t.Cleanup(func() { s.end(process, gone) })
	s.readAddresses(addresses)
}

// readAddresses waits for the file that the program writes once it listens.
func (s *server) readAddresses(file string) {
	s.t.Helper()
	var at struct{ Listen, Ops string }
	require.Eventually(s.t, func() bool {
		text, err := os.ReadFile(file)
		select {
		case <-s.gone:
			return true
		default:
			return err == nil && json.Unmarshal(text, &at) == nil
		}
	}, patience, 5*time.Millisecond, "no addresses; it said:\n%s", s.log)
	require.NotEmpty(s.t, at.Listen, "the program ended; it said:\n%s", s.log)
	s.listen, s.ops = at.Listen, at.Ops
}

func (s *server) end(process *exec.Cmd, gone chan struct{}) {
	_ = process.Process.Kill()
	<-gone
	client.CloseIdleConnections()
	if s.t.Failed() {
		s.t.Logf("the program said:\n%s", s.log.last(8000))
	}
}

// Kill ends the process as a crash would, does what is to be done at the same moment, and returns
// when the process is gone.
func (s *server) Kill(meanwhile func()) {
	_ = s.process.Process.Signal(syscall.SIGKILL)
	meanwhile()
	<-s.gone
}

// Terminate asks the process to stop and returns its exit code.
func (s *server) Terminate() int {
	s.t.Helper()
	require.NoError(s.t, s.process.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.gone:
	case <-time.After(patience):
		require.Fail(s.t, "still running after SIGTERM", "it said:\n%s", s.log)
	}
	return s.process.ProcessState.ExitCode()
}

// environment is the test's own without settings of Hotseat.
func environment(more ...string) []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTSEAT_") && !strings.HasPrefix(v, "STATE_DIRECTORY=") {
			kept = append(kept, v)
		}
	}
	return append(kept, more...)
}

// onEachStore runs the test on both stores, each empty.
func onEachStore(t *testing.T, test func(t *testing.T, store string)) {
	t.Run("embedded", func(t *testing.T) { test(t, embedded(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.URL(t)) })
}

func embedded(t *testing.T) string { return "embedded:" + filepath.Join(t.TempDir(), "data") }

// restartablePort is free and below the ports that the kernel gives to outgoing connections: a
// client that calls a port of that range again and again while nobody listens ends up connected
// to itself, and holds it.
func restartablePort(t *testing.T) string {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000))
		if l, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, l.Close())
			return address
		}
	}
	require.Fail(t, "no free port between 15000 and 30000")
	return ""
}

// output collects what a process writes; any goroutine may read it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func (o *output) last(n int) string {
	s := o.String()
	return s[max(0, len(s)-n):]
}
