package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/session"
)

// reference commits takeovers of one employee straight to a store: the rules and the commit,
// without HTTP, actor, batcher or socket. One goroutine at a time.
type reference struct {
	store persistence.Store
	state session.State
}

func newReference(ctx context.Context, url string) (*reference, error) {
	store, err := persistence.Open(ctx, url, persistence.Options{})
	if err != nil {
		return nil, err
	}
	return &reference{store: store}, nil
}

func (r *reference) commit(ctx context.Context) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	next, change, err := session.Step(r.state, session.TimeOf(time.Now()), session.Login{
		Employee: "reference", Session: session.ID(id), Terminal: session.TerminalID(id.String()), Device: "Till",
		IP: "127.0.0.1", Client: "bench", Trusted: true, Lifetime: 12 * time.Hour, Token: 15 * time.Minute,
		Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	})
	if err != nil {
		return err
	}
	write := persistence.Write{Key: "reference", Expected: r.state.Version, Change: &change}
	if err := r.store.Commit(ctx, 0, []persistence.Write{write})[0]; err != nil {
		return fmt.Errorf("version %d: %w", r.state.Version, err)
	}
	r.state = next
	return nil
}
