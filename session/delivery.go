package session

import (
	"context"
	"sync"
	"time"
)

// Stage is how far a notice has got.
type Stage uint8

// The stages. Offline: no socket took it, or none was there. Sent: given to the kernel, and may
// still be lost. Acked: the terminal answered.
const (
	Offline Stage = iota
	Sent
	Acked
)

// String is the stage on the wire.
func (s Stage) String() string { return [...]string{"offline", "sent", "acked"}[s] }

// Delivery follows the notice of one ended session to its sockets; the best of them counts. Any
// goroutine may call its methods. The zero Delivery expects no socket and is settled as Offline.
type Delivery struct {
	mu      sync.Mutex
	stage   Stage
	after   time.Duration
	pending int
	waiters []waiter
	forward func(Stage, time.Duration)
	told    Stage // what forward was told last
	over    bool  // forward was told the last
}

type waiter struct {
	until Stage
	ready chan struct{}
}

// NewDelivery expects sockets reports.
func NewDelivery(sockets int) *Delivery { return &Delivery{pending: sockets} }

// Report notes what became of the notice on one socket, after how long: Offline when it could not
// be written. Sent and later Acked are two reports of the same socket.
func (d *Delivery) Report(stage Stage, after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if stage != Acked {
		d.pending--
	}
	if stage > d.stage {
		d.stage, d.after = stage, after
	}
	kept := d.waiters[:0]
	for _, w := range d.waiters {
		if d.settled(w.until) {
			close(w.ready)
		} else {
			kept = append(kept, w)
		}
	}
	d.waiters = kept
	d.tell()
}

// Forward has to told, once each and in this order, what Wait would find: Sent and then Acked, or
// Offline. It is for a caller on another node. to is called while d is locked and must not wait.
func (d *Delivery) Forward(to func(Stage, time.Duration)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forward = to
	d.tell()
}

func (d *Delivery) tell() {
	switch {
	case d.forward == nil || d.over:
	case d.stage > d.told:
		d.told, d.over = d.stage, d.stage == Acked
		d.forward(d.stage, d.after)
	case d.settled(Sent) && d.stage == Offline:
		d.over = true
		d.forward(Offline, 0)
	}
}

// Wait returns once the notice has reached until, or can no longer, or ctx is done; it answers the
// stage reached and how long that took.
func (d *Delivery) Wait(ctx context.Context, until Stage) (Stage, time.Duration) {
	d.mu.Lock()
	if !d.settled(until) {
		w := waiter{until: until, ready: make(chan struct{})}
		d.waiters = append(d.waiters, w)
		d.mu.Unlock()
		select {
		case <-w.ready:
		case <-ctx.Done():
		}
		d.mu.Lock()
	}
	defer d.mu.Unlock()
	return d.stage, d.after
}

// Settled reports whether Wait would return at once.
func (d *Delivery) Settled(until Stage) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.settled(until)
}

func (d *Delivery) settled(until Stage) bool {
	return d.stage >= until || d.stage == Offline && d.pending <= 0
}
