package embedded

import (
	"context"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// onlyTerm is the term of the one process that can open this store.
const onlyTerm store.Term = 1

// Lead implements store.Leaders.
func (s *Store) Lead(ctx context.Context, _, _ string, _ time.Duration) (store.Term, error) {
	return onlyTerm, ctx.Err()
}

// Resign implements store.Leaders.
func (s *Store) Resign(context.Context, string, store.Term) error { return nil }

// SetMarkAs implements store.Leaders.
func (s *Store) SetMarkAs(ctx context.Context, _ string, _ store.Term, mark string, at store.LogPosition) error {
	return s.SetMark(ctx, mark, at)
}
