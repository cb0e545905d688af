package cluster_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub/cluster"
)

// relay stands before a node and can keep what the others send to it.
type relay struct {
	t        *testing.T
	listener net.Listener
	target   string
	all      sync.WaitGroup

	mu    sync.Mutex
	gate  chan struct{} // closed: bytes pass
	conns []net.Conn
}

func newRelay(t *testing.T) *relay {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{t: t, listener: listener, target: free.Addr().String(), gate: make(chan struct{})}
	close(r.gate)
	require.NoError(t, free.Close())
	r.all.Go(r.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		r.mu.Lock()
		for _, conn := range r.conns {
			_ = conn.Close()
		}
		r.mu.Unlock()
		r.all.Wait()
	})
	return r
}

// before makes a node reachable through the relay alone.
func (r *relay) before(o *cluster.Options) {
	o.Listen, o.Advertise = r.target, r.listener.Addr().String()
}

// hold keeps what comes from now on until resume is called.
func (r *relay) hold() (resume func()) {
	gate := make(chan struct{})
	r.mu.Lock()
	r.gate = gate
	r.mu.Unlock()
	resume = sync.OnceFunc(func() { close(gate) })
	r.t.Cleanup(resume)
	return resume
}

func (r *relay) accept() {
	for {
		from, err := r.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.target)
		if err != nil {
			_ = from.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, from, to)
		r.mu.Unlock()
		r.all.Go(func() { r.pass(from, to); _ = to.Close() })
		r.all.Go(func() { _, _ = io.Copy(from, to); _ = from.Close() })
	}
}

func (r *relay) pass(from, to net.Conn) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		r.mu.Lock()
		gate := r.gate
		r.mu.Unlock()
		<-gate
		if _, failed := to.Write(b[:n]); failed != nil || err != nil {
			return
		}
	}
}
