package scenario

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/history"
)

// presentEnded shows the token of the session that the member's tab had, once a login has ended it: no
// server may take it. Only a history is worth the question.
func (r *run) presentEnded(ctx context.Context, c *caller.Caller, m *member) error {
	m.mu.Lock()
	old := m.sitting
	m.mu.Unlock()
	if r.History == nil || old.Session.IsZero() || old.Session == m.seat.Session {
		return nil
	}
	done := r.sees()
	reply, err := c.Check(ctx, old.Access, "strict")
	done.use(history.Use, history.Strict, m, &old, reply, c, err)
	var refused *caller.Refused
	if err == nil {
		return errors.New("an ended token was accepted")
	}
	if errors.As(err, &refused) && refused.Code == "session_terminated" {
		return nil
	}
	return err
}
