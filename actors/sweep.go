package actors

import (
	"context"
	"log/slog"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Sweeper expires the sessions of employees that nobody has in memory. It walks the log's `started`
// events in their order, one session lifetime behind, so that no row needs an index on time. One
// sweeper at a time is enough; several harm nothing.
type Sweeper struct {
	// Next returns the next started events written before that time, oldest first; none: all done.
	// They come again until Swept is called.
	Next  func(ctx context.Context, before session.Time) ([]session.Event, error)
	Swept func(ctx context.Context) error
	// Load reads a row, in a batch.
	Load func(key session.Key, done func(session.Employee, error))
	// Expire asks the employee's owner to expire what is due.
	Expire   func(ctx context.Context, key session.Key) error
	Clock    Clock
	Lifetime time.Duration // of a session
	Every    time.Duration // one minute when zero
	Log      *slog.Logger
}

// sweepAgain is how soon after the first failure it is tried again, and twice that after each further
// one, up to Every.
const sweepAgain = time.Second

// Run sweeps until ctx is done. A node that has just started owns nobody yet, so what fails is tried
// again long before the next sweep is due.
func (s *Sweeper) Run(ctx context.Context) error {
	every := s.Every
	if every == 0 {
		every = time.Minute
	}
	again := sweepAgain
	for {
		wait := every
		if err := s.sweep(ctx); err == nil {
			again = sweepAgain
		} else {
			wait, again = min(again, every), min(2*again, every)
			if ctx.Err() == nil && s.Log != nil {
				s.Log.Warn("expiry sweep", "error", err, "again_in", wait.String())
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (s *Sweeper) sweep(ctx context.Context) error {
	for {
		events, err := s.Next(ctx, s.Clock.Now().Add(-s.Lifetime))
		if err != nil || len(events) == 0 {
			return err
		}
		due, err := s.due(ctx, events)
		if err != nil {
			return err
		}
		for _, key := range due {
			if err := s.Expire(ctx, key); err != nil {
				return err
			}
		}
		if err := s.Swept(ctx); err != nil {
			return err
		}
	}
}

// due are the employees of whom one of these sessions is still listed and past its deadline. Most
// sessions ended otherwise long ago; their rows are read in one batch and left alone.
func (s *Sweeper) due(ctx context.Context, events []session.Event) ([]session.Key, error) {
	type answer struct {
		key session.Key
		row session.Employee
		err error
	}
	keys := make(map[session.Key]struct{}, len(events))
	for i := range events {
		keys[events[i].Employee.Key()] = struct{}{}
	}
	answers := make(chan answer, len(keys))
	for key := range keys {
		s.Load(key, func(row session.Employee, err error) { answers <- answer{key, row, err} })
	}
	var due []session.Key
	for range keys {
		select {
		case a := <-answers:
			if a.err != nil {
				return nil, a.err
			}
			state := session.State{Employee: a.row}
			if at := state.NextExpiry(); at != 0 && at <= s.Clock.Now() {
				due = append(due, a.key)
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return due, nil
}
