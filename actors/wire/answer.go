package wire

import (
	"errors"

	"github.com/hotseat-hub/hotseat/session"
)

// Answer is what a command came to. Deliveries of the reply stay at the owner: what becomes of them
// follows in messages of their own.
type Answer struct {
	Reply session.Reply
	Err   error
}

// causes are the errors that callers act on, by number: never renumber. What is not among them is
// ErrElsewhere to who asked; the owner's node logs it.
var causes = []error{
	nil, session.ErrNotFound, session.ErrAlreadyExists, session.ErrLocked, session.ErrKeyReused, session.ErrLate,
	session.ErrEpochAhead, session.ErrBadToken, session.ErrTicketSpent, session.ErrCredentialChanged,
	session.ErrUnknownCommand, session.ErrConflict, session.ErrOutcomeUnknown, session.ErrUnavailable,
	session.ErrRejected, session.ErrUsernameTaken, session.ErrOverloaded,
}

// ErrElsewhere stands for an error that only the owner's node can explain.
var ErrElsewhere = errors.New("the employee's owner could not do it; its log says why")

const elsewhere = 255

// AppendAnswer encodes a reply, or the error.
func AppendAnswer(b []byte, r session.Reply, err error) []byte {
	a := answer{reply: r, cause: causeOf(err), deliveries: len(r.Deliveries)}
	var terminated *session.TerminatedError
	var active *session.ActiveError
	switch {
	case errors.As(err, &terminated):
		a.cause, a.terminated = 0, &terminated.Notice
	case errors.As(err, &active):
		a.cause, a.active = 0, &active.Active
	}
	return encode(b, a.describe)
}

func causeOf(err error) int {
	if err == nil {
		return 0
	}
	for n := 1; n < len(causes); n++ {
		if errors.Is(err, causes[n]) {
			return n
		}
	}
	return elsewhere
}

// DecodeAnswer decodes AppendAnswer. The reply's Deliveries expect one report each.
func DecodeAnswer(b []byte) (Answer, error) {
	var a answer
	if err := decode(b, a.describe); err != nil {
		return Answer{}, err
	}
	if a.deliveries < 0 || a.deliveries > session.MaxSeats {
		return Answer{}, ErrMalformed
	}
	for range a.deliveries {
		a.reply.Deliveries = append(a.reply.Deliveries, session.NewDelivery(1))
	}
	return Answer{Reply: a.reply, Err: a.err()}, nil
}

// answer is an Answer on its way.
type answer struct {
	reply      session.Reply
	cause      int
	deliveries int
	terminated *session.Notice
	active     *[]session.Session
}

func (a *answer) err() error {
	switch {
	case a.terminated != nil:
		return &session.TerminatedError{Notice: *a.terminated}
	case a.active != nil:
		return &session.ActiveError{Active: *a.active}
	case a.cause == 0:
		return nil
	case a.cause > 0 && a.cause < len(causes):
		return causes[a.cause]
	}
	return ErrElsewhere
}

func (a *answer) describe(f *fields) {
	r := &a.reply
	text(f, 1, &r.Employee)
	text(f, 2, &r.FirstName)
	text(f, 3, &r.LastName)
	number(f, 4, &r.Epoch)
	optional(f, 5, &r.Session, oneSession)
	list(f, 6, &r.Ended, session.MaxSeats, oneSession)
	flag(f, 7, &r.Replayed)
	optional(f, 8, &r.Row, row)
	number(f, 9, &a.cause)
	number(f, 10, &a.deliveries)
	optional(f, 11, &a.terminated, notice)
	optional(f, 12, &a.active, func(f *fields, active *[]session.Session) {
		list(f, 1, active, session.MaxSeats, oneSession)
	})
}

func oneSession(f *fields, s *session.Session) {
	array(f, 1, &s.ID)
	text(f, 2, &s.Terminal)
	text(f, 3, &s.Device)
	text(f, 4, &s.IP)
	text(f, 5, &s.UserAgent)
	text(f, 6, &s.ExternalID)
	text(f, 7, &s.Client)
	number(f, 8, &s.Epoch)
	number(f, 9, &s.CreatedAt)
	number(f, 10, &s.ExpiresAt)
	number(f, 11, &s.IdleAt)
	number(f, 12, &s.TokensUntil)
	number(f, 13, &s.Refresh)
}

// row is in the store's own form, which nodes of neighbouring versions share anyway.
func row(f *fields, e *session.Employee) {
	text(f, 1, &e.ID)
	number(f, 2, &e.Version)
	number(f, 3, &e.Epoch)
	var state []byte
	if !f.decoding {
		state = e.AppendRow(nil)
	}
	blob(f, 4, &state)
	if f.decoding && e.DecodeRow(state) != nil {
		f.bad = true
	}
}

func notice(f *fields, n *session.Notice) {
	array(f, 1, &n.Session)
	text(f, 2, &n.Terminal)
	number(f, 3, &n.Epoch)
	number(f, 4, &n.Reason)
	text(f, 5, &n.By.Terminal)
	text(f, 6, &n.By.Device)
	text(f, 7, &n.By.Name)
	text(f, 8, &n.Message)
	number(f, 9, &n.At)
	flag(f, 10, &n.Test)
	if f.decoding && !n.Reason.Valid() {
		n.Reason = session.ReasonEnded // a later version's
	}
}
