package scenario

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/crowd"
)

// crew is the employees of a run, each with at most one socket at a time. Any goroutine may use it;
// whoever holds an employee's number (from free, or by a plan) alone commands that employee.
type crew struct {
	run     *run
	sockets *crowd.Crowd
	all     []*member
	free    chan int // those that nobody commands; its room is for all
	// lost hears of sockets that nobody ended; set before there are any.
	lost func(m *member, at time.Time, code int)
}

// member is one employee.
type member struct {
	number int
	name   string
	seat   caller.Seat // the latest login's; of whoever commands
	asked  int         // the target of that login
	hands  sync.Mutex  // held by whoever commands, where free alone does not say who

	mu         sync.Mutex
	sitting    caller.Seat // of the socket
	generation uint32      // of the socket; a new one for each
	seated     bool        // the socket is open and not told
	opened     chan opening
	told       chan time.Time // the socket that was open read its end
	// recorded are the seats of all sockets that may still be heard of, by tag, for a history: also of
	// those that another has followed. Nil without a history.
	recorded map[uint64]caller.Seat
}

// opening is how opening a socket went.
type opening struct {
	at  time.Time
	err error
}

func newCrew(r *run) *crew {
	c := &crew{run: r, free: make(chan int, r.Employees)}
	for i := range r.Employees {
		m := &member{number: i, name: fmt.Sprintf("%s-%d", r.Prefix, i), opened: make(chan opening, 1), told: make(chan time.Time, 1)}
		if r.History != nil {
			m.recorded = map[uint64]caller.Seat{}
		}
		c.all = append(c.all, m)
	}
	return c
}

func (c *crew) close() {
	if c.sockets != nil {
		c.sockets.Close()
	}
}

// tag names a member's socket of a generation.
func (m *member) tag(generation uint32) uint64 { return uint64(generation)<<32 | uint64(m.number) }

// of finds the member of a tag, locked, and whether the socket is the present one.
func (c *crew) of(tag uint64) (m *member, present bool) {
	m = c.all[uint32(tag)]
	m.mu.Lock()
	return m, m.generation == uint32(tag>>32)
}

// Open implements crowd.Events.
func (c *crew) Open(tag uint64, at time.Time, err error) {
	m, present := c.of(tag)
	defer m.mu.Unlock()
	if err == nil {
		c.run.sawEstablished(m, tag)
	} else {
		delete(m.recorded, tag)
	}
	if !present {
		return
	}
	m.seated = err == nil
	m.opened <- opening{at, err} // its room is for this one: open took what was there
}

// Told implements crowd.Events.
func (c *crew) Told(tag uint64, at time.Time, n crowd.Notice) {
	m, present := c.of(tag)
	defer m.mu.Unlock()
	c.run.sawNotice(m, tag, n)
	if present && m.seated {
		m.seated = false
		m.told <- at // its room is for this one: a socket is told once, and open took what was there
	}
}

// Closed implements crowd.Events.
func (c *crew) Closed(tag uint64, at time.Time, code int) {
	m, present := c.of(tag)
	c.run.sawClosed(m, tag, code)
	delete(m.recorded, tag)
	lost := present && m.seated
	if lost {
		m.seated = false
		m.told <- time.Time{} // as in Told; whoever waits for a notice need not wait any longer
	}
	m.mu.Unlock()
	if lost && c.lost != nil {
		c.lost(m, at, code)
	}
}

// open begins to connect the socket of the member's latest login to a target. What was heard of the
// one before is forgotten.
func (c *crew) open(m *member, target int) {
	m.mu.Lock()
	m.generation++
	m.sitting, m.seated = m.seat, false
	drain(m.opened)
	drain(m.told)
	tag, seat := m.tag(m.generation), m.sitting
	if m.recorded != nil {
		m.recorded[tag] = seat
	}
	m.mu.Unlock()
	t := c.run.Targets[target%len(c.run.Targets)]
	c.sockets.Open(tag, crowd.Seat{Address: t.Address, Host: t.Host, Terminal: seat.Terminal, Token: seat.Access, TLS: t.TLS})
}

// sit opens the member's socket at its own target and waits for it.
func (c *crew) sit(ctx context.Context, m *member) (time.Time, error) {
	return c.sitAt(ctx, m, m.number)
}

func (c *crew) sitAt(ctx context.Context, m *member, target int) (time.Time, error) {
	c.open(m, target)
	select {
	case o := <-m.opened:
		if o.err == nil {
			c.run.pulse.succeed()
		}
		return o.at, o.err
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

// stand drops the member's socket, if there is one.
func (c *crew) stand(m *member, abrupt bool) {
	m.mu.Lock()
	m.seated = false
	tag := m.tag(m.generation)
	m.mu.Unlock()
	c.sockets.Drop(tag, abrupt)
}

func (m *member) isSeated() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seated
}

// patienceForNotice is past all that the product promises: the backstop tells within a second.
const patienceForNotice = 5 * time.Second

// awaitNotice waits until the member's socket has read its end, or is gone.
func (m *member) awaitNotice(ctx context.Context) (time.Time, error) {
	late := time.NewTimer(patienceForNotice)
	defer late.Stop()
	select {
	case at := <-m.told:
		if at.IsZero() {
			return at, errLost
		}
		return at, nil
	case <-late.C:
		return time.Time{}, errUntold
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

func drain[T any](c <-chan T) {
	select {
	case <-c:
	default:
	}
}
