package faults

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// crowd is employees at work: each logs in at ever new terminals, keeps a socket for each, and uses
// the tokens of its last sessions, ended ones above all, at any node. Everything goes into a history.
type crowd struct {
	t     *testing.T
	at    []string // URLs of the nodes to ask
	notes *history.Recorder
	pace  time.Duration // mean pause between two things that a hand does
	quiet chan struct{} // closed when the hands shall rest
	done  chan struct{} // closed when the sockets shall close
	hands sync.WaitGroup
	tabs  sync.WaitGroup

	// tabClient dials for tabs; nil: from here, as hands do.
	tabClient *http.Client
	// tabBeat is how often a tab asks for a sign of life; zero: everySecond.
	tabBeat time.Duration
	// noTabs leaves the sessions of logins without a socket.
	noTabs bool
	// eachHas is how many hands a person has; zero: two. With one nobody ever logs in twice at once.
	eachHas int

	people  []*person
	weather weather
	conns   atomic.Uint64
	answer  atomic.Int64 // logins that were answered 200
	broken  atomic.Int64 // greeted sockets that ended without their session having ended

	mu     sync.Mutex     // guards what follows
	undone []string       // logins that were not answered 200 when they were asked for
	closes map[ending]int // how the sockets ended that broken counts
}

// ending is a close code, 0 for none, at a node's URL.
type ending struct {
	url  string
	code int
}

// person is an employee, moved by several hands at once.
type person struct {
	id   session.Key
	mu   sync.Mutex // guards what follows
	n    int        // logins so far
	held []granted  // the last sessions, newest last
	all  []session.ID
	open []*attempt // logins without an answer
	live int        // sessions in the store's last list

	seated atomic.Int64 // sockets that are established now
	told   atomic.Int64 // how often a socket was told that its session has ended
}

// attempt is one login with its key.
type attempt struct{ terminal, key string }

// heldSessions is how many tokens a person keeps; twoHands is how many things a person does at once.
const (
	heldSessions = 4
	twoHands     = 2
)

// newCrowd makes people who have not begun yet.
func newCrowd(t *testing.T, notes *history.Recorder, people int, pace time.Duration, nodes ...*node) *crowd {
	c := &crowd{t: t, notes: notes, pace: pick[time.Duration](2, 1) * pace, quiet: make(chan struct{}), done: make(chan struct{})}
	for _, n := range nodes {
		c.at = append(c.at, n.url)
	}
	for i := range people {
		c.people = append(c.people, &person{id: session.Key(fmt.Sprintf("employee-%d", i))})
	}
	t.Cleanup(c.leave)
	return c
}

// begin starts all hands.
func (c *crowd) begin() *crowd {
	for _, p := range c.people {
		for range cmp.Or(c.eachHas, twoHands) {
			c.hands.Go(func() { c.work(p) })
		}
	}
	return c
}

// rest stops the hands, when each has ended what it does, and leaves the sockets open.
func (c *crowd) rest() {
	select {
	case <-c.quiet:
	default:
		close(c.quiet)
	}
	c.hands.Wait()
}

func (c *crowd) leave() {
	c.rest()
	select {
	case <-c.done:
	default:
		close(c.done)
	}
	c.tabs.Wait()
	client.CloseIdleConnections()
}

func (c *crowd) node() string { return c.at[rand.IntN(len(c.at))] }

// pause waits for a while around the pace; false says that it is time to rest.
func (c *crowd) pause(mean time.Duration) bool {
	select {
	case <-c.quiet:
		return false
	case <-time.After(rand.N(2*mean + 1)):
		return true
	}
}

func (c *crowd) work(p *person) {
	for c.pause(c.pace) {
		switch k := rand.IntN(20); {
		case k < 8:
			c.logIn(p)
		case k < 17:
			c.use(p)
		case k == 17:
			c.refresh(p)
		case k == 18:
			c.logOut(p)
		default:
			c.list(p, c.node())
		}
	}
}

// logIn logs in at a new terminal, and repeats the key until there is an answer or it is time to
// rest. With one seat it also ends whatever the person holds.
func (c *crowd) logIn(p *person) {
	p.mu.Lock()
	p.n++
	a := &attempt{terminal: fmt.Sprintf("till-%d", p.n), key: fmt.Sprintf("key-%d", p.n)}
	p.open = append(p.open, a)
	p.mu.Unlock()
	for !c.try(p, a, c.node()) && c.pause(100*time.Millisecond) {
	}
}

// keep notes a session that was granted, and opens its socket.
func (p *person) keep(g granted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held, p.all = append(p.held, g), append(p.all, g.Session.SessionID)
	if len(p.held) > heldSessions {
		p.held = p.held[1:]
	}
}

func (p *person) answered(a *attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.open {
		if p.open[i] == a {
			p.open = append(p.open[:i:i], p.open[i+1:]...)
			return
		}
	}
}

// any is one of the held sessions.
func (p *person) any() (g granted, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) == 0 {
		return g, false
	}
	return p.held[rand.IntN(len(p.held))], true
}

// replace puts a refreshed token in the place of the old one.
func (p *person) replace(g granted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.held {
		if p.held[i].Session.SessionID == g.Session.SessionID {
			p.held[i] = g
		}
	}
}

// closed counts a socket's end.
func (c *crowd) closed(url string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closes == nil {
		c.closes = map[ending]int{}
	}
	c.closes[ending{url, code}]++
}

func (c *crowd) closedWith(url string, code int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closes[ending{url, code}]
}

// granted are all sessions that logins were answered with.
func (c *crowd) granted() (ids []session.ID) {
	for _, p := range c.people {
		p.mu.Lock()
		ids = append(ids, p.all...)
		p.mu.Unlock()
	}
	return ids
}

// settle asks once more for what stayed open, and everywhere for everything that is held: whatever
// the fault has broken shows now at the latest.
func (c *crowd) settle() {
	c.rest()
	late := time.Now().Add(patience)
	var all sync.WaitGroup
	busy := make(chan struct{}, 16)
	for _, p := range c.people {
		all.Go(func() {
			busy <- struct{}{}
			defer func() { <-busy }()
			for _, a := range append([]*attempt{}, p.open...) {
				for !c.try(p, a, c.node()) && time.Now().Before(late) {
					time.Sleep(20 * time.Millisecond)
				}
			}
			for _, url := range c.at {
				c.list(p, url)
				for _, g := range append([]granted{}, p.held...) {
					c.check(p, g, url, history.Strict)
					c.check(p, g, url, history.Local)
				}
			}
		})
	}
	all.Wait()
}

// awaitTold waits, after settle, until every socket that is unaware of its session's end has had its time: L1's
// second, and longer as long as somebody has more sockets than sessions. It sleeps because what it waits for is
// that nothing comes, of other processes by the machine's own clock: nobody signals that.
func (c *crowd) awaitTold() {
	time.Sleep(time.Second + margin)
	for late := time.Now().Add(standstill()); c.anybodyUnaware() && time.Now().Before(late); {
		time.Sleep(10 * time.Millisecond)
	}
}

// margin is between a socket's time and the moment that it is looked at.
const margin = 200 * time.Millisecond

func (c *crowd) anybodyUnaware() bool {
	return slices.ContainsFunc(c.people, func(p *person) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return int(p.seated.Load()) > p.live
	})
}
