package attempts

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// The limits, in any Window.
const (
	Window     = 10 * time.Minute
	PerPair    = 10  // employee and address
	PerAddress = 100 // address, all employees
)

// remembered bounds the failures that are remembered, at about 150 bytes each. No machine checks
// as many passwords in a Window with less than some hundred cores.
const remembered = 1 << 18

// Known says whether an employee has logged in from an address lately. It is asked only when the
// address's own budget is used up.
type Known interface {
	Known(ctx context.Context, key session.Key, from netip.Addr) bool
	Note(key session.Key, from netip.Addr)
}

// Limiter counts failures on this node. Any goroutine may call it.
type Limiter struct {
	known Known
	now   func() time.Time

	mu     sync.Mutex
	past   []failure // a ring in the order of time
	first  int
	count  int
	pairs  map[pair]*tally
	places map[netip.Addr]*tally
}

// pair is an employee at an address.
type pair struct {
	key  session.Key
	from netip.Addr
}

// failure is one refused password.
type failure struct {
	pair
	at time.Time
}

// tally are the times of the failures that count, oldest first.
type tally struct{ times []time.Time }

// New returns a Limiter; known may be nil: then every address has only its own budget.
func New(known Known) *Limiter {
	return &Limiter{known: known, now: time.Now, pairs: map[pair]*tally{}, places: map[netip.Addr]*tally{}}
}

// Wait is how long this employee and address must wait; zero: go on.
func (l *Limiter) Wait(ctx context.Context, key session.Key, from netip.Addr) time.Duration {
	from = place(from)
	l.mu.Lock()
	now := l.now()
	l.forget(now)
	own := l.pairs[pair{key, from}].wait(PerPair, now)
	shared := l.places[from].wait(PerAddress, now)
	l.mu.Unlock()
	if own == 0 && shared > 0 && l.known != nil && l.known.Known(ctx, key, from) {
		return 0
	}
	return max(own, shared)
}

// Passed notes a right password: the address is the employee's from now on.
func (l *Limiter) Passed(key session.Key, from netip.Addr) {
	if l.known != nil {
		l.known.Note(key, from)
	}
}

// Failed notes a refused password.
func (l *Limiter) Failed(key session.Key, from netip.Addr) {
	at := pair{key, place(from)}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.forget(now)
	if l.count == remembered {
		l.drop()
	}
	l.push(failure{at, now})
	add(l.pairs, at, now)
	add(l.places, at.from, now)
}

func add[K comparable](tallies map[K]*tally, k K, now time.Time) {
	t := tallies[k]
	if t == nil {
		t = &tally{}
		tallies[k] = t
	}
	t.times = append(t.times, now)
}

// wait is until the tally is below its limit again.
func (t *tally) wait(limit int, now time.Time) time.Duration {
	if t == nil || len(t.times) < limit {
		return 0
	}
	return t.times[len(t.times)-limit].Add(Window).Sub(now)
}

// forget drops what is out of the window; l.mu is held.
func (l *Limiter) forget(now time.Time) {
	for l.count > 0 && now.Sub(l.past[l.first].at) >= Window {
		l.drop()
	}
}

// drop forgets the oldest failure.
func (l *Limiter) drop() {
	oldest := l.past[l.first]
	l.past[l.first] = failure{}
	l.first = (l.first + 1) % len(l.past)
	l.count--
	remove(l.pairs, oldest.pair)
	remove(l.places, oldest.from)
}

// remove drops a tally's oldest time, and the tally with its last one.
func remove[K comparable](tallies map[K]*tally, k K) {
	t := tallies[k]
	if t.times = t.times[1:]; len(t.times) == 0 {
		delete(tallies, k)
	}
}

// push appends to the ring, which doubles when it is full.
func (l *Limiter) push(f failure) {
	if l.count == len(l.past) {
		grown := make([]failure, max(64, 2*len(l.past)))
		n := copy(grown, l.past[l.first:])
		copy(grown[n:], l.past[:l.first])
		l.past, l.first = grown, 0
	}
	l.past[(l.first+l.count)%len(l.past)] = f
	l.count++
}

// place is what stands for an address: of IPv6 the /64, which is what one household or host has.
func place(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().Addr()
	}
	return addr
}
