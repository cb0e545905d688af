package enforce

import (
	"context"
	"errors"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// askTimeout is below what gateways wait.
const askTimeout = 5 * time.Second

// Check answers, at level local, whether a token with a right signature may act: nil, or a
// *session.TerminatedError, or what the store said when it had to be asked, within 5 s. staleness is how old the
// answer may be. A session that the View covers costs no I/O and no allocation.
func (v *View) Check(ctx context.Context, key session.Key, id session.ID, epoch session.Epoch, issuedAt session.Time) (staleness time.Duration, err error) {
	staleness = v.Staleness(time.Now())
	covers := v.Covers()
	ended, valid := v.look(id)
	switch {
	case ended != nil:
		return staleness, &session.TerminatedError{Notice: *ended}
	case valid || issuedAt.Add(-coverMargin) >= covers:
		return staleness, nil
	}
	return staleness, v.ask(ctx, key, id, epoch, covers)
}

// Knows reports whether Check would answer without asking the store.
func (v *View) Knows(id session.ID, issuedAt session.Time) bool {
	covers := v.Covers()
	ended, valid := v.look(id)
	return ended != nil || valid || issuedAt.Add(-coverMargin) >= covers
}

func (v *View) look(id session.ID) (ended *session.Notice, valid bool) {
	s := v.shardOf(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ended = s.ended[id]; ended != nil {
		return ended, false
	}
	_, valid = s.valid[id]
	return nil, valid
}

// ask asks the store about a session from before the View, and remembers the answer.
func (v *View) ask(ctx context.Context, key session.Key, id session.ID, epoch session.Epoch, covers session.Time) error {
	// The bound is set here and not by the caller, who would pay for a timer on every request.
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	row, err := v.options.Rows.Load(ctx, key)
	if err != nil {
		return err
	}
	s, err := row.Valid(id, epoch, v.options.Now())
	var terminated *session.TerminatedError
	switch {
	case errors.As(err, &terminated):
		v.rememberEnded(&row, &terminated.Notice)
	case err == nil:
		v.rememberValid(id, s.TokensUntil, covers)
	}
	return err
}

// rememberEnded spares the store the next question of a client that does not give up. A session that
// expired but whose ending nobody wrote yet is left out: its ending is still to come.
func (v *View) rememberEnded(row *session.Employee, n *session.Notice) {
	if ending := row.Ended(n.Session); ending != nil {
		v.end(n, ending.Until)
		v.forget()
	}
}

// rememberValid holds from the moment of the read until the tail brings the ending. If the View had
// to move its covers meanwhile, that ending may have come and gone: then nothing is remembered.
func (v *View) rememberValid(id session.ID, until, covers session.Time) {
	s := v.shardOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended[id] != nil || v.Covers() != covers || covers == never {
		return
	}
	if len(s.valid) >= v.options.MaxValid/shards+1 {
		clear(s.valid)
	}
	s.valid[id] = until.Add(v.options.Leeway)
}
