package sim

import (
	"slices"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// Bug is a mistake that can be planted, to see that the checks find it.
type Bug string

// The bugs: of the store, of what rows say, of owners, and of nodes.
const (
	NoVersionComparison   Bug = "the store does not compare versions"
	EventsBeforeCommit    Bug = "events are logged before their row is committed"
	EventsTwice           Bug = "now and then the last event of a change is logged twice"
	SeatTwice             Bug = "a row holds a session twice"
	SeatLost              Bug = "a row loses a session without an event"
	EpochAhead            Bug = "a row's epoch runs ahead of its events"
	KeysForgotten         Bug = "the store forgets idempotency keys"
	OldRows               Bug = "strict answers come from the row before"
	NoticesBeforeCommit   Bug = "sockets and the view are told before the commit"
	NoReloadAfterConflict Bug = "after a conflict the owner goes on with what it remembers"
	PolicyIgnored         Bug = "logins are judged by another policy"
	NothingDone           Bug = "logins and logouts are answered and not done"
	CommandsForgotten     Bug = "some commands are taken and not answered"
	CommandsTwice         Bug = "an owner takes every command twice"
	AttachReversed        Bug = "a socket enters the index after it was established"
	AttachRefused         Bug = "no socket is let in"
	NobodyTold            Bug = "neither notices nor the tail reach a socket"
	TailByTime            Bug = "the tail reads by time and misses what commits late"
)

// written is what a commit writes of a row.
func (w *world) written(save *session.Employee) *session.Employee {
	row := *save
	switch w.options.Bug {
	case SeatTwice:
		if len(row.Active) > 0 {
			row.Active = append(slices.Clone(row.Active), row.Active[0])
		}
	case SeatLost:
		if len(row.Active) > 0 {
			row.Active = row.Active[1:]
		}
	case EpochAhead:
		row.Epoch++
	case KeysForgotten:
		row.Keys = nil
	}
	return &row
}

// logged is what a commit appends to the log.
func (w *world) logged(events []session.Event) []session.Event {
	if w.options.Bug != EventsTwice || len(events) == 0 || !w.chance(20) {
		return events
	}
	last := events[len(events)-1]
	last.N++
	return append(slices.Clone(events), last)
}

// mishandled does what a node with a bug does to a command instead of giving it to its owner; false: it
// gives it.
func (o *owner) mishandled(r *actors.Request) bool {
	switch c := r.Command.(type) {
	case session.Login:
		if o.w.options.Bug == NothingDone && o.w.chance(20) {
			r.Done(session.Reply{Session: &session.Session{ID: c.Session}}, nil)
			return true
		}
	case session.Logout:
		if o.w.options.Bug == NothingDone {
			r.Done(session.Reply{}, nil)
			return true
		}
	}
	if o.w.options.Bug == CommandsTwice {
		o.Post(r)
	}
	return o.w.options.Bug == CommandsForgotten && o.w.chance(5)
}
