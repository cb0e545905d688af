package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
)

// The keys that every node knows.
const (
	ServiceKey = "service-key-of-the-benchmark"
	AdminKey   = "admin-key-of-the-benchmark"
)

// Options say what to run.
type Options struct {
	Binary string   // that Build made
	Folder string   // its working directory; made when it is not there
	Store  string   // of --store
	Listen string   // of --listen; empty: a free port
	Args   []string // further flags of serve, which win over those that Start gives
	Env    []string // further variables
}

// Node is one run of the program. Only the goroutine that started it may end it; the rest is for any.
type Node struct {
	Listen string        // host:port of the public listener
	Ops    string        // host:port of the operations listener
	Took   time.Duration // from the process's start until it was ready

	process *exec.Cmd
	gone    chan struct{} // closed when it has ended
	said    output
}

// patience is how long a node may take until it is ready, and to end when it is asked to.
const patience = time.Minute

// Start runs the program and waits until it is ready.
func Start(ctx context.Context, o Options) (*Node, error) {
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, err
	}
	addresses := filepath.Join(o.Folder, "addresses")
	if err := os.Remove(addresses); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	n := &Node{gone: make(chan struct{})}
	n.process = exec.Command(o.Binary, append([]string{
		"serve", "--listen", o.Listen, "--ops-listen", "127.0.0.1:0", "--store", o.Store,
		"--drain-delay", "0s", "--drain-duration", "1s", "--log-level", "warn",
	}, o.Args...)...)
	n.process.Dir = o.Folder
	// Everybody of a benchmark comes from one address.
	n.process.Env = append(environment("HOTSEAT_MAX_STRANGERS=1000000", "HOTSEAT_TEST_ADDR_FILE="+addresses,
		"HOTSEAT_SERVICE_KEY=bench="+ServiceKey, "HOTSEAT_ADMIN_KEY=bench="+AdminKey), o.Env...)
	n.process.Stdout, n.process.Stderr = &n.said, &n.said
	n.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := n.run(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := n.awaitReady(ctx, addresses); err != nil {
		n.Kill()
		return nil, err
	}
	n.Took = time.Since(began)
	return n, nil
}

// run keeps a thread until the process has ended. Pdeathsig counts from the death of the thread that
// started it, which else might be one that a crowd of sockets takes for itself and ends with itself.
func (n *Node) run() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := n.process.Start()
		started <- err
		if err == nil {
			_ = n.process.Wait() // how it ended is in what it said
			close(n.gone)
		}
	}()
	return <-started
}

func (n *Node) awaitReady(ctx context.Context, addresses string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !n.ready(ctx, addresses) {
		select {
		case <-n.gone:
			return fmt.Errorf("the program ended; it said:\n%s", n.Said())
		case <-ctx.Done():
			return fmt.Errorf("the program is not ready: %w; it said:\n%s", ctx.Err(), n.Said())
		case <-tick.C:
		}
	}
	return nil
}

// ready asks at the addresses that the program writes once it listens.
func (n *Node) ready(ctx context.Context, addresses string) bool {
	text, err := os.ReadFile(addresses)
	var at struct{ Listen, Ops string }
	if err != nil || json.Unmarshal(text, &at) != nil {
		return false
	}
	n.Listen, n.Ops = at.Listen, at.Ops
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Ops+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// Process is for bench/host to look at.
func (n *Node) Process() host.Process {
	return host.Process{Name: "server", PID: n.process.Process.Pid, Server: true}
}

// Said is what the process has written to standard output and error.
func (n *Node) Said() string { return n.said.String() }

// Gone is closed when the process has ended.
func (n *Node) Gone() <-chan struct{} { return n.gone }

// Stop asks the process to end, and ends it when it does not.
func (n *Node) Stop() {
	_ = n.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-n.gone:
	case <-time.After(patience):
		n.Kill()
	}
}

// Kill ends the process as a crash does.
func (n *Node) Kill() {
	_ = n.process.Process.Kill()
	<-n.gone
}

// output is written by a process and read meanwhile.
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
