package faults

import (
	"fmt"
	"io"
	"net/http"
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
	"github.com/hotseat-hub/hotseat/session"
)

const (
	serviceKey = "service-key-of-the-tests"
	adminKey   = "admin-key-of-the-tests"
	publicPort = "8080"
	opsPort    = "9464"
)

// patience is how long a test waits for what should take moments.
const patience = 30 * time.Second

// site is one store and the nodes before it. Its methods are for the test's goroutine, but node's
// address never changes and may be asked for by anybody.
type site struct {
	t        *testing.T
	database *pgtest.Server // the row's own; nil: the shared one, or none
	store    string         // of --store
	nodes    []*node

	authority *authority // of the nodes' certificates; nil until there is a cluster
	// between answers with what stands between a node's address and the other nodes; nil: nothing.
	between func(address string) string
}

// shared is the PostgreSQL of all rows that leave it alone.
var shared struct {
	once   sync.Once
	server *pgtest.Server
	err    error
}

// newSite is a database of its own on the shared server, which the row must leave alone.
func newSite(t *testing.T) *site {
	t.Helper()
	shared.once.Do(func() {
		shared.server, shared.err = pgtest.Start(pgtest.Options{Fsync: true, Address: databaseIP})
	})
	require.NoError(t, shared.err)
	return &site{t: t, store: shared.server.URL(t)}
}

// newSiteWith makes a PostgreSQL that keeps what it was told to keep, and may be broken.
func newSiteWith(t *testing.T, o pgtest.Options) *site {
	t.Helper()
	o.Fsync, o.Address = true, databaseIP
	s := &site{t: t, database: pgtest.NewServer(t, o)}
	s.store = s.database.URL(t)
	return s
}

// node is one node of the site on a host of its own, and its process, which may be ended and started
// again.
type node struct {
	t       *testing.T
	host    *host
	name    string
	program string   // of binaries
	args    []string // of serve, besides the usual
	env     []string
	url     string
	ops     string

	process *exec.Cmd
	gone    chan struct{} // closed when the process has ended
	log     string        // the file that all runs append to
	events  func() *eventLines
}

// add makes a node and starts it.
func (s *site) add(program string, args ...string) *node {
	s.t.Helper()
	n := s.prepare(program, args...)
	n.start()
	n.awaitReady()
	return n
}

// prepare makes a node without starting it.
func (s *site) prepare(program string, args ...string) *node {
	s.t.Helper()
	h := newHost(s.t)
	n := &node{
		t: s.t, host: h, name: fmt.Sprintf("n%d", len(s.nodes)+1), program: program,
		url: "http://" + h.ip + ":" + publicPort, ops: "http://" + h.ip + ":" + opsPort,
		log: filepath.Join(s.t.TempDir(), h.name+".log"),
	}
	n.args = append([]string{
		"serve", "--listen", h.ip + ":" + publicPort, "--ops-listen", h.ip + ":" + opsPort, "--store", s.store,
		"--drain-delay", "0s", "--drain-duration", "2s", "--log-format", "json",
	}, args...)
	s.nodes = append(s.nodes, n)
	return n
}

func (n *node) start() {
	n.t.Helper()
	argv := n.host.in(append([]string{n.program}, n.args...)...)
	n.process = exec.Command(argv[0], argv[1:]...)
	n.process.Env = append(environment(), "HOTSEAT_SERVICE_KEY=pos="+serviceKey, "HOTSEAT_ADMIN_KEY=ops="+adminKey)
	n.process.Env = append(n.process.Env, n.env...)
	n.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(n.t, err)
	defer log.Close()
	n.process.Stdout, n.process.Stderr = log, log
	if n.events != nil {
		n.process.Stdout = n.events()
	}
	require.NoError(n.t, n.process.Start())
	process, gone := n.process, make(chan struct{})
	n.gone = gone
	go func() { defer close(gone); _ = process.Wait() }()
	n.t.Cleanup(func() {
		_ = process.Process.Kill()
		<-gone
		if n.t.Failed() && process == n.process {
			n.t.Logf("%s said:\n%s", n.name, n.said(3000))
		}
	})
}

// awaitReady starts the node once more if it has found no store, as whatever supervises it would: its store may
// have stood still for longer than a start waits.
func (n *node) awaitReady() {
	n.t.Helper()
	readyOrGone := func() bool { return n.ready() || !n.running() }
	require.Eventually(n.t, readyOrGone, patience, 10*time.Millisecond, "%s is not ready; it said:\n%s", n.name, n.said(4000))
	const lastLine = 300
	if !n.running() && strings.Contains(n.said(lastLine), session.ErrUnavailable.Error()) {
		n.start()
		require.Eventually(n.t, readyOrGone, patience, 10*time.Millisecond, "%s is not ready; it said:\n%s", n.name, n.said(4000))
	}
	require.True(n.t, n.running(), "%s ended; it said:\n%s", n.name, n.said(4000))
}

func (n *node) ready() bool { return n.probe("/readyz") == http.StatusOK }

// probe asks the operations listener; 0 is no answer.
func (n *node) probe(path string) int {
	prober := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := prober.Get(n.ops + path)
	if err != nil {
		return 0
	}
	reply.Body.Close()
	return reply.StatusCode
}

// metric is the value of a series without labels; zero when there is none.
func (n *node) metric(name string) (value float64) {
	reply, err := client.Get(n.ops + "/metrics")
	if err != nil {
		return 0
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(reply.Body) // what is missing is not found below
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, name+" %g", &value); err == nil {
			return value
		}
	}
	return 0
}

func (n *node) running() bool {
	select {
	case <-n.gone:
		return false
	default:
		return true
	}
}

// kill ends the process as a crash does.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	<-n.gone
}

func (n *node) signal(s syscall.Signal) { _ = n.process.Process.Signal(s) } // it may have ended

// everything is more than any node says.
const everything = 256 << 20

// said is the end of what all runs of the node have written.
func (n *node) said(most int) string {
	text, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// environment is the test's own without settings of Hotseat.
func environment() (kept []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTSEAT_") && !strings.HasPrefix(v, "STATE_DIRECTORY=") {
			kept = append(kept, v)
		}
	}
	return kept
}
