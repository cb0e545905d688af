package faults

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// guestBeat keeps a thousand sockets from costing more than what is attacked.
const guestBeat = 5 * time.Second

// seatGuests logs in that many employees who then only sit at their sockets, spread over the nodes,
// and returns when each is seated. They are judged with the crowd.
func (r *row) seatGuests(count int, tabs *http.Client, nodes ...*node) *crowd {
	r.t.Helper()
	g := newCrowd(r.t, r.notes, count, 0, nodes...)
	g.tabBeat, g.tabClient = cmp.Or(r.guestBeat, guestBeat), tabs
	r.guests = g
	for i, p := range g.people {
		p.id = session.Key(fmt.Sprintf("guest-%d", i))
	}
	g.logInAll("till-1")
	for _, p := range g.people {
		r.seated(p, 1)
	}
	return g
}

// logInAll logs everybody in at that terminal, some at a time, and returns the longest that one took.
func (c *crowd) logInAll(terminal string) (longest time.Duration) {
	var all sync.WaitGroup
	var mu sync.Mutex
	turn := make(chan struct{}, 16)
	for i, p := range c.people {
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			from := time.Now()
			for !c.try(p, &attempt{terminal: terminal, key: terminal}, c.at[i%len(c.at)]) && c.pause(10*time.Millisecond) {
			}
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, time.Since(from))
		})
	}
	all.Wait()
	return longest
}

// waits is by how much a login is slower, at least, that waits for a tab which does not answer. Of two logins
// beside each other the machine delays one by less.
const waits = time.Second

// logInBeside logs the crowd in at the terminal, and as many others beside them whose older tabs are well. It
// returns the longest that a login took of each: what keeps the machine from its work makes both slow.
func (r *row) logInBeside(c *crowd, terminal string, nodes ...*node) (longest, usual time.Duration) {
	r.t.Helper()
	well := newCrowd(r.t, r.notes, len(c.people), 0, nodes...)
	for i, p := range well.people {
		p.id = session.Key(fmt.Sprintf("well-%d", i))
	}
	well.logInAll("till-1")
	for _, p := range well.people {
		r.seated(p, 1)
	}
	var both sync.WaitGroup
	both.Go(func() { usual = well.logInAll(terminal) })
	longest = c.logInAll(terminal)
	both.Wait()
	well.leave()
	return longest, usual
}

// undisturbed: every guest sits at the socket that it has sat at all the time.
func (r *row) undisturbed() {
	r.t.Helper()
	require.Zero(r.t, r.guests.broken.Load(), "sockets that it cost")
	for _, p := range r.guests.people {
		require.EqualValues(r.t, 1, p.seated.Load(), "%s", p.id)
	}
}

// tabsFrom dials from that address, one connection for each tab.
func tabsFrom(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// weather is what breaks all sockets of a crowd at once, and keeps them away for a while. The zero
// value is calm. Any goroutine may use it.
type weather struct {
	mu    sync.Mutex
	storm chan struct{} // closed when sockets break; nil: not yet made
	away  chan struct{} // closed when they may come back; nil: now
}

// breaks is closed at the next storm.
func (w *weather) breaks() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.storm == nil {
		w.storm = make(chan struct{})
	}
	return w.storm
}

// breakAll drops every socket without a word to the server; back lets them all return at once.
func (w *weather) breakAll() (back func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.storm != nil {
		close(w.storm)
	}
	away := make(chan struct{})
	w.storm, w.away = nil, away
	return sync.OnceFunc(func() { close(away) })
}

// calm waits until sockets may be opened, and is true.
func (w *weather) calm() bool {
	w.mu.Lock()
	away := w.away
	w.mu.Unlock()
	if away != nil {
		<-away
	}
	return true
}
