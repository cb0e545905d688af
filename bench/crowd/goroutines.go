package crowd

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// goroutines gives each socket one. Any goroutine may call its methods.
type goroutines struct {
	crowd *Crowd

	mu     sync.Mutex
	conns  map[uint64]net.Conn // nil while it connects
	closed bool
	all    sync.WaitGroup
}

func newGoroutines(c *Crowd) *goroutines { return &goroutines{crowd: c, conns: map[uint64]net.Conn{}} }

func (g *goroutines) open(tag uint64, seat Seat, source netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	g.conns[tag] = nil
	g.all.Go(func() { g.serve(tag, seat, source) })
}

func (g *goroutines) serve(tag uint64, seat Seat, source netip.Addr) {
	conn, err := g.connect(tag, seat, source)
	if err != nil {
		g.forget(tag)
		g.crowd.opened(tag, time.Now(), err)
		return
	}
	defer conn.Close()
	t, rest, err := g.greet(tag, conn, &seat)
	if err != nil {
		g.forget(tag)
		g.crowd.opened(tag, time.Now(), err)
		return
	}
	g.crowd.opened(tag, time.Now(), nil)
	code := g.read(tag, conn, t, rest)
	if g.forget(tag) {
		g.crowd.closed(tag, time.Now(), code)
	}
}

// forget answers false when the whole crowd has been closed.
func (g *goroutines) forget(tag uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, tag)
	return !g.closed
}

func (g *goroutines) connect(tag uint64, seat Seat, source netip.Addr) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), g.crowd.options.Patience)
	defer cancel()
	var dialer net.Dialer
	if source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: source.AsSlice()}
	}
	conn, err := dialer.DialContext(ctx, "tcp", seat.Address.String())
	if err != nil {
		return nil, err
	}
	if seat.TLS != nil {
		conn = tls.Client(conn, seat.TLS)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	g.conns[tag] = conn
	return conn, conn.SetDeadline(time.Now().Add(g.crowd.options.Patience))
}

// greet does the handshake; rest is what came after session_established.
func (g *goroutines) greet(tag uint64, conn net.Conn, seat *Seat) (t *talk, rest []byte, err error) {
	if _, err := conn.Write(request(nil, seat)); err != nil {
		return nil, nil, err
	}
	t = &talk{phase: asking}
	var buffer [4096]byte
	for {
		n, err := conn.Read(buffer[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = ErrLate
		}
		if err != nil {
			return nil, nil, err
		}
		rest = t.hear(append(rest, buffer[:n]...))
		if t.heard.told {
			g.crowd.options.Events.Told(tag, time.Now(), t.heard.notice)
		}
		switch {
		case t.heard.err != nil:
			return nil, nil, t.heard.err
		case t.heard.established:
			return t, rest, conn.SetDeadline(time.Time{})
		}
	}
}

func (g *goroutines) read(tag uint64, conn net.Conn, t *talk, rest []byte) (code int) {
	var buffer [1024]byte
	for {
		if len(t.out) > 0 {
			_, _ = conn.Write(t.out) // an error shows at the next read
			t.out = t.out[:0]
		}
		if t.heard.closed {
			return t.heard.code
		}
		n, err := conn.Read(buffer[:])
		if err != nil {
			return 1006
		}
		at := time.Now()
		rest = t.hear(append(rest, buffer[:n]...))
		if t.heard.told {
			g.crowd.options.Events.Told(tag, at, t.heard.notice)
		}
		if t.heard.err != nil {
			return 1006
		}
	}
}

func (g *goroutines) drop(tag uint64, abrupt bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if conn := g.conns[tag]; conn != nil {
		hangUp(conn, abrupt)
	}
}

func (g *goroutines) close() {
	g.mu.Lock()
	g.closed = true
	for _, conn := range g.conns {
		if conn != nil {
			hangUp(conn, true)
		}
	}
	g.mu.Unlock()
	g.all.Wait()
}

func hangUp(conn net.Conn, abrupt bool) {
	if tcp, ok := conn.(*net.TCPConn); ok && abrupt {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}
