package fence

import (
	"context"
	"fmt"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// page is how many rows are fenced in one commit.
const page = 256

// Result says what was done.
type Result struct {
	Employees int // rows, those of deleted employees too
	Sessions  int // that were ended
}

// Run begins a new generation of the log, then ends every session and raises every epoch. The endings
// are the first events of the new log.
func Run(ctx context.Context, s store.Store) (done Result, err error) {
	if err := s.NewGeneration(ctx); err != nil {
		return done, err
	}
	for after := session.Key(""); ; {
		rows, err := s.Rows(ctx, after, page)
		if err != nil || len(rows) == 0 {
			return done, err
		}
		now, err := s.Now(ctx)
		if err != nil {
			return done, err
		}
		if err := fencePage(ctx, s, rows, now, &done); err != nil {
			return done, err
		}
		after = rows[len(rows)-1].ID.Key()
	}
}

func fencePage(ctx context.Context, s store.Store, rows []session.Employee, now session.Time, done *Result) error {
	writes := make([]store.Write, len(rows))
	for i := range rows {
		_, change, err := session.Step(session.State{Employee: rows[i]}, now, session.Fence{Raise: session.FenceRaise})
		if err != nil {
			return fmt.Errorf("fence employee %s: %w", rows[i].ID, err)
		}
		writes[i] = store.Write{Key: rows[i].ID.Key(), Expected: rows[i].Version, Change: &change}
		done.Sessions += len(rows[i].Active)
	}
	for i, err := range s.Commit(ctx, 0, writes) {
		if err != nil {
			return fmt.Errorf("fence employee %s; stop every node, then run this again: %w", rows[i].ID, err)
		}
	}
	done.Employees += len(rows)
	return nil
}
