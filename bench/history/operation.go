package history

import (
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Kind says what the client did or received.
type Kind string

// The kinds, each with the fields that it needs besides the times. An operation that changes
// something has an Outcome; what is merely received (established, notice, closed, event, mark) has
// none, and its Start is its End.
const (
	Login    Kind = "login"    // Employee; Key when one was sent; when ok: Session, Epoch, Terminal, Ended
	Use      Kind = "use"      // Employee, Session, Epoch, Level; Staleness for Local; when refused: Reason, By when known
	Refresh  Kind = "refresh"  // Employee, Session, Epoch; when refused: Reason
	Logout   Kind = "logout"   // Employee, Session, Epoch
	End      Kind = "end"      // an operator's ending, lock or deletion: Employee; Session for one; when ok: Ended
	Sessions Kind = "sessions" // the store's list was read: Employee; when ok: Active

	Established Kind = "established" // session_established arrived: Employee, Session, Epoch, Conn
	Notice      Kind = "notice"      // session_terminated (no test) arrived: Employee, Session, By, Reason, Conn
	Closed      Kind = "closed"      // the socket is gone: Employee, Session, Conn, Close
	Event       Kind = "event"       // an event was consumed: Employee, Session, Source, ID, Type

	// Mark says when a fault began and ended: Fault, Phase. Time within a fault does not count
	// against the promises of a healthy cluster.
	Mark Kind = "mark"
)

// Outcome is what the client knows of what it asked for.
type Outcome string

const (
	OK      Outcome = "ok"      // done, or accepted
	Refused Outcome = "refused" // certainly not done (4xx), or the token was refused
	// Unknown is a time-out, a broken connection or a 5xx: what was asked for may have been done,
	// may be done later, or never. Such an operation stays open-ended, whatever its End says.
	Unknown Outcome = "unknown"
)

// Level is how the use of a token was checked.
type Level string

const (
	Local  Level = "local"  // authz from the node's view, as old as the answer's Staleness
	Strict Level = "strict" // authz or introspection by the store
	Own    Level = "own"    // one of Hotseat's own routes, or a socket's handshake: as good as strict
)

// Phase is one end of a fault.
type Phase string

const (
	Begin Phase = "begin"
	Over  Phase = "over"
)

// Operation is one line of a history. Which fields a Kind needs stands beside it.
type Operation struct {
	Kind     Kind        `json:"op"`
	Start    Instant     `json:"start"` // before the first byte was sent
	End      Instant     `json:"end"`   // after the whole answer was read, or the client gave up
	Employee session.Key `json:"employee,omitempty"`
	Outcome  Outcome     `json:"outcome,omitempty"`
	Status   int         `json:"status,omitempty"` // of HTTP; 0: no answer
	Code     string      `json:"code,omitempty"`   // of the problem
	Node     string      `json:"node,omitempty"`   // whom the client asked

	Session   session.ID    `json:"session,omitzero"`
	Epoch     session.Epoch `json:"epoch,omitempty"` // the session's, as in its token
	Terminal  string        `json:"terminal,omitempty"`
	Key       string        `json:"key,omitempty"`          // idempotency key; a repeat of a login carries the same
	Ended     []session.ID  `json:"ended,omitempty"`        // sessions that the answer says were terminated
	Level     Level         `json:"level,omitempty"`        // of a use
	Staleness int64         `json:"staleness_ms,omitempty"` // as the answer stated it
	Reason    string        `json:"reason,omitempty"`       // of the termination that a refusal or notice named
	By        session.Epoch `json:"by,omitempty"`           // the epoch of that termination

	Active []Seat `json:"active,omitempty"` // of a Sessions that was answered

	Conn  uint64 `json:"conn,omitempty"`  // names a socket, stream or poll within the history
	Close int    `json:"close,omitempty"` // close code; 0: the connection broke

	Source string `json:"source,omitempty"` // who consumed the event; the order is checked within a source
	ID     string `json:"id,omitempty"`     // of the event: employee/epoch/n
	Type   string `json:"type,omitempty"`

	Fault string `json:"fault,omitempty"`
	Phase Phase  `json:"phase,omitempty"`
}

// Seat is one active session of a list.
type Seat struct {
	Session session.ID    `json:"session"`
	Epoch   session.Epoch `json:"epoch"`
}

// Instant is nanoseconds since the header's Started, by the monotonic clock of the one process that
// recorded. Instants of different histories do not compare.
type Instant int64

// Sub is the time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Add moves t by d.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// ErrMalformed is a line that no recorder writes.
var ErrMalformed = errors.New("malformed operation")

// check refuses what a checker could misread: silence about a kind it does not know would let a
// history pass that says more than was looked at.
func (o *Operation) check() error {
	if o.End < o.Start {
		return fmt.Errorf("%s ends %s before it starts: %w", o.Kind, o.Start.Sub(o.End), ErrMalformed)
	}
	if o.Kind == Mark {
		if o.Fault == "" || o.Phase != Begin && o.Phase != Over {
			return fmt.Errorf("mark needs a fault and phase %q or %q: %w", Begin, Over, ErrMalformed)
		}
		return nil
	}
	if o.Employee == "" {
		return fmt.Errorf("%s without employee: %w", o.Kind, ErrMalformed)
	}
	switch o.Kind {
	case Login, End, Sessions:
		return o.checkOutcome(o.Kind == Login && o.Outcome == OK)
	case Use, Refresh, Logout:
		if o.Kind == Use && o.Level != Local && o.Level != Strict && o.Level != Own {
			return fmt.Errorf("use with level %q: %w", o.Level, ErrMalformed)
		}
		return o.checkOutcome(true)
	case Established, Notice, Closed:
		return o.checkSession(o.Conn == 0, "conn")
	case Event:
		return o.checkSession(o.ID == "" || o.Source == "", "id and source")
	}
	return fmt.Errorf("operation %q: %w", o.Kind, ErrMalformed)
}

func (o *Operation) checkOutcome(needsSession bool) error {
	if o.Outcome != OK && o.Outcome != Refused && o.Outcome != Unknown {
		return fmt.Errorf("%s with outcome %q: %w", o.Kind, o.Outcome, ErrMalformed)
	}
	if needsSession && (o.Session.IsZero() || o.Epoch == 0) {
		return fmt.Errorf("%s without session and epoch: %w", o.Kind, ErrMalformed)
	}
	return nil
}

func (o *Operation) checkSession(missing bool, what string) error {
	// An event that locks or unlocks an employee names no session.
	if missing || o.Session.IsZero() && o.Kind != Event {
		return fmt.Errorf("%s without session or %s: %w", o.Kind, what, ErrMalformed)
	}
	return nil
}
