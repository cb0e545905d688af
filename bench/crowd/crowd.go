package crowd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Seat is what a terminal needs to connect.
type Seat struct {
	// Address is the server's host:port.
	Address netip.AddrPort
	// Host is for the Host header, and the name that its certificate must have.
	Host string
	// Terminal and Token are of the session.
	Terminal, Token string
	// TLS is for wss; nil: plain.
	TLS *tls.Config
}

// Notice is what a session_terminated says: why, and the epoch of the termination.
type Notice struct {
	Reason string
	Epoch  uint64
}

// Events hear what happens to sockets. They are called by the goroutine that owns the socket, one at
// a time for each socket, and must not wait for anything.
type Events interface {
	// Open: the session is established, or why there is no socket.
	Open(tag uint64, at time.Time, err error)
	// Told: the socket read session_terminated.
	Told(tag uint64, at time.Time, n Notice)
	// Closed: an open socket is gone; 1006 when the connection broke.
	Closed(tag uint64, at time.Time, code int)
}

// Options of New.
type Options struct {
	Events Events
	// Sockets is how many there will be at once, for the number of shards.
	Sockets int
	// Sources are addresses of this machine that sockets are spread over; none: the kernel chooses.
	// A source has some 28,000 ports for one server.
	Sources []netip.Addr
	// Goroutines gives each socket a goroutine even where shards could hold it.
	Goroutines bool
	// Patience bounds connecting and the handshake. Zero: 30 s.
	Patience time.Duration
}

// Crowd is very many sockets. Any goroutine may call its methods.
type Crowd struct {
	options Options
	shards  []carrier // for plain sockets
	crowded carrier   // a goroutine each
	source  atomic.Uint64
	count   atomic.Int64
}

// carrier holds sockets in one way.
type carrier interface {
	open(tag uint64, seat Seat, source netip.Addr)
	// drop ends a socket; abrupt: as a machine that vanishes does, with a reset.
	drop(tag uint64, abrupt bool)
	// close drops all of its sockets, and returns when they are gone.
	close()
}

// New makes the shards that the sockets need.
func New(o Options) (*Crowd, error) {
	if o.Events == nil {
		return nil, errors.New("crowd: nobody hears the events")
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	c := &Crowd{options: o}
	c.crowded = newGoroutines(c)
	if o.Goroutines {
		return c, nil
	}
	var err error
	if c.shards, err = newShards(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Open connects a socket; Events.Open says when it is established. A tag is one socket's until its
// Open failed or its Closed was told.
func (c *Crowd) Open(tag uint64, seat Seat) {
	c.of(tag, seat.TLS != nil).open(tag, seat, c.nextSource())
}

// Drop ends a socket from this side; Closed is told. An unknown tag is nothing.
func (c *Crowd) Drop(tag uint64, abrupt bool) {
	if len(c.shards) > 0 {
		c.of(tag, false).drop(tag, abrupt)
	}
	c.crowded.drop(tag, abrupt)
}

// Count is how many sockets are established.
func (c *Crowd) Count() int { return int(c.count.Load()) }

// Close ends all sockets and returns when nothing of the crowd is left. Their Closed is not told.
func (c *Crowd) Close() {
	for _, s := range c.shards {
		s.close()
	}
	c.crowded.close()
}

func (c *Crowd) of(tag uint64, encrypted bool) carrier {
	if encrypted || len(c.shards) == 0 {
		return c.crowded
	}
	return c.shards[tag%uint64(len(c.shards))]
}

func (c *Crowd) nextSource() netip.Addr {
	if len(c.options.Sources) == 0 {
		return netip.Addr{}
	}
	return c.options.Sources[c.source.Add(1)%uint64(len(c.options.Sources))]
}

func (c *Crowd) opened(tag uint64, at time.Time, err error) {
	if err == nil {
		c.count.Add(1)
	}
	c.options.Events.Open(tag, at, err)
}

func (c *Crowd) closed(tag uint64, at time.Time, code int) {
	c.count.Add(-1)
	c.options.Events.Closed(tag, at, code)
}

// ErrEnded: the session had ended before the socket came.
var ErrEnded = errors.New("the session has ended")

// ErrLate: the handshake took longer than the patience.
var ErrLate = errors.New("no answer to the handshake in time")

// Refused is an answer to the handshake that is not a socket.
type Refused struct {
	Status string // the status line
	Code   string // of the problem, if it is one
}

func (r *Refused) Error() string {
	if r.Code != "" {
		return fmt.Sprintf("the server refused the socket: %s (%s)", r.Code, r.Status)
	}
	return "the server refused the socket: " + r.Status
}

// Resolve finds the address of a server.
func Resolve(ctx context.Context, hostport string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return netip.AddrPort{}, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return netip.AddrPort{}, err
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(found[0].Unmap(), uint16(number)), nil
}
