package verify

import (
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/hotseat-hub/hotseat/session"
)

// The register of one employee under a policy of one seat, as porcupine runs it. It knows nothing of
// intervals, only what each operation may find and leave.

// verb is what an operation does to the register.
type verb uint8

const (
	writes verb = iota // a login: this session sits now
	finds              // an answer that only the seated session gets
	leaves             // a logout that was done: it sat, or had just left, and sits no more
	misses             // an answer that says that the session has ended
)

// step is an operation for porcupine.
type step struct {
	verb    verb
	session session.ID
	epoch   session.Epoch
	by      session.Epoch // of a miss: the ending's epoch, when the answer named it
}

// seated is the register: who sits, since which epoch. A session of zero is nobody, or somebody whom
// an operation with unknown outcome, or another client, has brought.
type seated struct {
	epoch   session.Epoch
	session session.ID
	left    session.ID // who logged out at this epoch; its other logouts find nothing to do
}

// register steps; known are the epochs of all logins in the history, in order, because no other
// operation can stand for one of them.
type register struct{ known []session.Epoch }

// between reports whether a login of this history has an epoch above from and not above to, so that
// the register cannot go from one to the other without it.
func (r register) between(from, to session.Epoch) bool {
	i, found := slices.BinarySearch(r.known, from)
	if found {
		i++
	}
	return i < len(r.known) && r.known[i] <= to
}

func (r register) step(now seated, s step) (ok bool, next seated) {
	switch s.verb {
	case writes:
		return s.epoch > now.epoch && !r.between(now.epoch, s.epoch-1), seated{epoch: s.epoch, session: s.session}
	case finds:
		return r.find(now, s)
	case leaves:
		if now.left == s.session {
			return true, now
		}
		ok, now = r.find(now, s)
		return ok && !r.between(now.epoch, now.epoch+1), seated{epoch: now.epoch + 1, left: s.session}
	default:
		return r.miss(now, s)
	}
}

func (r register) find(now seated, s step) (bool, seated) {
	there := seated{epoch: s.epoch, session: s.session}
	switch {
	case s.epoch == now.epoch:
		return now.session == s.session || now.session.IsZero(), there
	case s.epoch > now.epoch: // a login that is not in the history
		return !r.between(now.epoch, s.epoch), there
	}
	return false, now
}

func (r register) miss(now seated, s step) (bool, seated) {
	to := now.epoch
	switch {
	case s.epoch > now.epoch: // it came and went, and its login is not in the history
		to = max(s.epoch+1, s.by)
	case s.epoch == now.epoch && (now.session == s.session): // somebody unknown ended it
		to = max(s.epoch+1, s.by)
	case s.by > now.epoch:
		to = s.by
	}
	if to == now.epoch {
		return true, now
	}
	return !r.between(now.epoch, to), seated{epoch: to}
}

// model makes the register porcupine's, beginning at from.
func (r register) model(from seated) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return from },
		Step: func(state, input, _ any) (bool, any) { return r.step(state.(seated), input.(step)) },
		Hash: func(state any) uint64 { return uint64(state.(seated).epoch) },
	}
}
