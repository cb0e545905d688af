package faults

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cutter is a proxy before the database that, when armed, lets a commit through, waits until the
// database has answered it, and cuts the connection instead of passing the answer on.
type cutter struct {
	listener net.Listener
	to       string
	armed    atomic.Int64 // how many answers are still to be lost
	lost     atomic.Int64
	all      sync.WaitGroup
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", clientIP+":0")
	require.NoError(t, err)
	c := &cutter{listener: l, to: to}
	c.all.Go(c.accept)
	t.Cleanup(func() { l.Close(); c.all.Wait() })
	return c
}

func (c *cutter) accept() {
	for {
		in, err := c.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", c.to)
		if err != nil {
			in.Close()
			continue
		}
		var swallow atomic.Bool
		c.all.Go(func() { c.requests(in, out, &swallow) })
		c.all.Go(func() { c.replies(in, out, &swallow) })
	}
}

// requests passes on what the node sends. What carries a terminal's name is a commit: reads name
// employees only.
func (c *cutter) requests(in, out net.Conn, swallow *atomic.Bool) {
	defer in.Close()
	defer out.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := in.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("till-")) && c.armed.Add(-1) >= 0 {
			swallow.Store(true)
		}
		if _, err := out.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (c *cutter) replies(in, out net.Conn, swallow *atomic.Bool) {
	defer in.Close()
	defer out.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := out.Read(buffer)
		if err != nil {
			return
		}
		if swallow.Load() {
			c.lost.Add(1)
			return // the database has done it, the node never hears
		}
		if _, err := in.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// Row 11. Commits are done, and their answers lost, again and again.
func TestTheAnswerToACommitIsLost(t *testing.T) {
	r := attack(t, "11", "commit sent, reply lost", all...)
	s := newSite(t)
	c := newCutter(t, shared.server.Addr())
	s.store = strings.Replace(s.store, shared.server.Addr(), c.listener.Addr().String(), 1)
	n := r.start(s, binaries.current)
	r.people(20, 20*time.Millisecond, n)
	r.busy(50)
	for range pick(10, 100) {
		before := c.lost.Load()
		c.armed.Store(1)
		require.Eventually(t, func() bool { return c.lost.Load() > before }, patience, time.Millisecond)
		r.busy(20)
	}
	t.Logf("%d answers lost", c.lost.Load())
	r.judge()
}
