package cluster

import (
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Rules are the times that all nodes of a cluster share.
type Rules struct {
	// TTL is how long a lease holds after it was renewed, and how long a beat must stand still before
	// its member is marked; 3 s. Shorter marks nodes that only stutter, longer delays what waits for
	// a node that is gone.
	TTL time.Duration
	// Beat is the time between two renewals; a sixth of the TTL.
	Beat time.Duration
}

func (r Rules) withDefaults() Rules {
	if r.TTL <= 0 {
		r.TTL = 3 * time.Second
	}
	if r.Beat <= 0 || r.Beat > r.TTL/3 {
		r.Beat = r.TTL / 6
	}
	return r
}

// late is the time between two renewals from which on this node has itself been late, and cannot tell
// whether the others were stopped or only could not renew either.
func (r Rules) late() time.Duration { return r.TTL / 2 }

// watch is what one run knows of its own lease and of the others: no clock, no I/O. Times are of the
// local monotonic clock, since any moment before the first.
type watch struct {
	rules Rules
	self  session.Node

	until    time.Duration // the lease holds up to here
	received time.Duration // when the last renewal was answered
	spare    time.Duration // nobody is marked before
	changed  time.Duration // since when the owners are who they are
	lost     bool          // marked dead: nothing is true any more
	begun    bool

	seen    map[session.Node]sighting
	members []Member // ordered by boot
}

// sighting is a member's beat, and when it was first seen at that.
type sighting struct {
	beat  int64
	moved time.Duration
}

func newWatch(rules Rules, self session.Node) *watch {
	return &watch{rules: rules, self: self, seen: map[session.Node]sighting{}}
}

// renewed takes the answer to a renewal that was sent and received at those times. It says whom to mark,
// and whether the owners are others than before.
func (w *watch) renewed(sent, received time.Duration, members []Member) (dead []Member, changed bool) {
	if w.begun && received-w.received > w.rules.late() {
		w.spare = received + w.rules.TTL
	}
	if !w.begun {
		w.begun, w.spare = true, received+w.rules.TTL
	}
	w.received = received
	w.until = max(w.until, sent+w.rules.TTL)
	changed = !slices.EqualFunc(w.members, members, sameOwner)
	if changed {
		w.changed = received
	}
	w.members = members
	return w.still(received), changed
}

// sameOwner tells whether a member's part in the placement is as it was.
func sameOwner(a, b Member) bool {
	return a.Boot == b.Boot && a.Draining == b.Draining && a.Address == b.Address
}

// still finds those whose beat has stood still for a TTL, and remembers the others' beats.
func (w *watch) still(now time.Duration) (dead []Member) {
	seen := make(map[session.Node]sighting, len(w.members))
	for _, m := range w.members {
		s, known := w.seen[m.Boot]
		if !known || s.beat != m.Beat {
			s = sighting{beat: m.Beat, moved: now}
		}
		seen[m.Boot] = s
		if m.Boot != w.self && now-s.moved >= w.rules.TTL && now >= w.spare {
			dead = append(dead, m)
		}
	}
	w.seen = seen
	return dead
}

// marked notes that this run was marked dead.
func (w *watch) marked() { w.lost = true }

// holdsUntil is the moment up to which this run may decide about employees; none once it was marked.
func (w *watch) holdsUntil() time.Duration {
	if w.lost {
		return 0
	}
	return w.until
}

// freshFrom is when everyone who owned before the owners changed has seen that, or holds no lease any
// more: its lease runs out at the latest a TTL after a renewal that did not show it yet.
func (w *watch) freshFrom() time.Duration { return w.changed + w.rules.TTL + 2*w.rules.Beat }
