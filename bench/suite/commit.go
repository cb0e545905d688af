package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/session"
)

// lengthOfALog is more commits than the embedded store appends to its log before it begins the file anew:
// a commit that makes a file longer takes nearly twice as long as one that does not.
const lengthOfALog = 2000

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

// fillLog commits until the store's log is as long as it gets.
func (r *reference) fillLog(ctx context.Context) error {
	for range lengthOfALog {
		if err := r.commit(ctx); err != nil {
			return fmt.Errorf("a single commit: %w", err)
		}
	}
	return nil
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
