package hubtest

import (
	"crypto/tls"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/hub"
)

// APeerVanishes has a client disappear as one does whose cable is cut: nothing of it comes any more,
// and nothing that is sent to it arrives. Nobody hears of that but who sends. The heartbeat does, and
// the kernel gives the connection up; a socket beside it, whose packets pass, stays. It needs root, for
// a network of its own.
func APeerVanishes(t *testing.T, listen Listener) {
	n := newNetwork(t)
	far := listen
	far.Listen = func(t *testing.T, h *hub.Hub) (addr string, clients *tls.Config) {
		n.do(func() { addr, clients = listen.Listen(t, h) })
		return addr, clients
	}
	server := Start(t, far, hub.Options{
		PingAfter: 300 * time.Millisecond, PingSpread: 100 * time.Millisecond, UserTimeout: time.Second,
	})
	server.dialer = func(addr string) (nc net.Conn, err error) {
		n.do(func() { nc, err = net.Dial("tcp", addr) })
		return nc, err
	}
	token, _ := server.Floor.Login("ada", "till-1")
	gone, stays := server.seated(t, "till-1", token), server.seated(t, "till-1", token)
	server.Floor.AwaitHandles(t, "ada", 2)
	port := gone.net.LocalAddr().(*net.TCPAddr).Port
	for _, direction := range []string{"--sport", "--dport"} {
		n.run("iptables", "-A", "INPUT", "-p", "tcp", direction, fmt.Sprint(port), "-j", "DROP")
	}
	server.Floor.AwaitHandles(t, "ada", 1)
	stays.write(text(`{"type":"ping"}`))
	stays.expect("pong")
}

// network is a network namespace with a loopback of its own, which is gone when the test ends.
type network struct {
	t    *testing.T
	jobs chan func()
}

func newNetwork(t *testing.T) *network {
	n := &network{t: t, jobs: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with its goroutine, and the network too
		err := unix.Unshare(unix.CLONE_NEWNET)
		ready <- err
		if err == nil {
			for job := range n.jobs {
				job()
			}
		}
	}()
	require.NoError(t, <-ready, "this test makes a network namespace: run it as root")
	t.Cleanup(func() { close(n.jobs) })
	n.run("ip", "link", "set", "lo", "up")
	return n
}

// do runs a job in the network: what it opens stays there.
func (n *network) do(job func()) {
	done := make(chan struct{})
	n.jobs <- func() { defer close(done); job() }
	<-done
}

func (n *network) run(name string, args ...string) {
	var out []byte
	var err error
	n.do(func() { out, err = exec.Command(name, args...).CombinedOutput() })
	require.NoError(n.t, err, "%s (run `make deps`): %s", name, out)
}
