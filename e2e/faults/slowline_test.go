package faults

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slowLine passes connections on, every piece of them later, in order, as a long line does. It
// stands where netem would, which not every kernel has.
type slowLine struct {
	listener net.Listener
	to       string
	delay    *atomic.Int64 // nanoseconds, half of which vary; shared by the lines of a row
	all      sync.WaitGroup
}

// piece is what was read at once, and when it is due at the other end.
type piece struct {
	bytes []byte
	due   time.Time
}

// piecesUnderWay bounds what a line holds; a full one lets its sender wait, as TCP does.
const piecesUnderWay = 256

func newSlowLine(t *testing.T, to string, delay *atomic.Int64) *slowLine {
	t.Helper()
	l, err := net.Listen("tcp", clientIP+":0")
	require.NoError(t, err)
	s := &slowLine{listener: l, to: to, delay: delay}
	s.all.Go(s.accept)
	t.Cleanup(func() { l.Close(); s.all.Wait() })
	return s
}

func (s *slowLine) addr() string { return s.listener.Addr().String() }

func (s *slowLine) accept() {
	for {
		in, err := s.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", s.to)
		if err != nil {
			in.Close()
			continue
		}
		s.all.Go(func() { s.pass(in, out) })
		s.all.Go(func() { s.pass(out, in) })
	}
}

func (s *slowLine) pass(from, to net.Conn) {
	underWay := make(chan piece, piecesUnderWay)
	s.all.Go(func() {
		defer from.Close()
		defer to.Close()
		for p := range underWay {
			time.Sleep(time.Until(p.due))
			_, _ = to.Write(p.bytes) // who hung up reads no more: the reader below ends too
		}
	})
	defer close(underWay)
	for {
		buffer := make([]byte, 16<<10)
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		underWay <- piece{buffer[:n], time.Now().Add(s.late())}
	}
}

func (s *slowLine) late() time.Duration {
	most := s.delay.Load()
	return time.Duration(most/2 + rand.Int64N(most/2+1))
}
