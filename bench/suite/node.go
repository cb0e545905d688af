package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/host"
)

const serviceKey = "service-key-of-the-benchmark"

// node is the program at work.
type node struct {
	name    string
	process *exec.Cmd
	gone    chan struct{} // closed when it has ended
	said    syncBuffer
	Listen  string
	Ops     string
}

// build makes the program as `make build` does.
func build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "hotseat")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/hotseat")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program (run this from the repository's root): %w\n%s", err, out)
	}
	return binary, nil
}

// serve starts a node on a store and waits until it is ready.
func (s *suite) serve(ctx context.Context, name, store string, args ...string) (*node, error) {
	folder := filepath.Join(s.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	addresses := filepath.Join(folder, "addresses")
	n := &node{name: name, gone: make(chan struct{})}
	n.process = exec.Command(s.binary, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
		"--store", store, "--drain-delay", "0s", "--drain-duration", "1s", "--log-level", "warn",
	}, args...)...)
	n.process.Dir = folder
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTSEAT_") {
			n.process.Env = append(n.process.Env, v)
		}
	}
	n.process.Env = append(n.process.Env, "HOTSEAT_TEST_ADDR_FILE="+addresses, "HOTSEAT_SERVICE_KEY="+serviceKey,
		"HOTSEAT_ADMIN_KEY=admin-key-of-the-benchmark")
	n.process.Stdout, n.process.Stderr = &n.said, &n.said
	n.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.start(); err != nil {
		return nil, err
	}
	for range 2000 {
		if n.ready(addresses) {
			return n, nil
		}
		select {
		case <-n.gone:
			return nil, fmt.Errorf("%s ended; it said:\n%s", name, n.said.String())
		case <-ctx.Done():
			n.stop()
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	n.stop()
	return nil, fmt.Errorf("%s is not ready after 20 s; it said:\n%s", name, n.said.String())
}

// start keeps a thread until the process has ended: Pdeathsig counts from the death of the thread that
// started it, which else might be any, and a crowd's threads end with the crowd.
func (n *node) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := n.process.Start()
		started <- err
		if err == nil {
			_ = n.process.Wait()
			close(n.gone)
		}
	}()
	return <-started
}

func (n *node) ready(addresses string) bool {
	text, err := os.ReadFile(addresses)
	if err != nil || json.Unmarshal(text, n) != nil {
		return false
	}
	response, err := http.Get("http://" + n.Ops + "/readyz")
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

func (n *node) pid() int { return n.process.Process.Pid }

func (n *node) target(ctx context.Context) (*caller.Target, error) {
	return caller.NewTarget(ctx, "http://"+n.Listen)
}

func (n *node) watch(name string) host.Process { return host.Process{Name: name, PID: n.pid()} }

// stop asks the process to end, and ends it when it does not.
func (n *node) stop() {
	_ = n.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-n.gone:
	case <-time.After(20 * time.Second):
		_ = n.process.Process.Kill()
		<-n.gone
	}
}

// profiling writes a CPU profile of the next so many seconds, and answers when it is there.
func (n *node) profiling(file string, length time.Duration) <-chan error {
	done := make(chan error, 1)
	go func() {
		response, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%.0f", n.Ops, length.Seconds()))
		if err != nil {
			done <- err
			return
		}
		defer response.Body.Close()
		profile, err := io.ReadAll(response.Body)
		if err == nil {
			err = os.WriteFile(file, profile, 0o644)
		}
		done <- err
	}()
	return done
}

// syncBuffer is written by a process and read by whoever tells what it said.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
