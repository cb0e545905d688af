package actors_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/stretchr/testify/require"
)

func TestTheSweeperExpiresWhatNobodyHasInMemory(t *testing.T) {
	w := newWorld(t)
	short := w.command("ada", "till-1")
	short.Lifetime = time.Millisecond
	reply, err := w.system.Do(t.Context(), "ada", short)
	require.NoError(t, err)
	w.login("grace", "till-1")
	later := newWorld(t) // another process over the same rows, with nobody in memory
	later.store.rows = w.store.rows

	log := [][]session.Event{{
		{Type: session.Started, Employee: "ada", Session: *reply.Session},
		{Type: session.Started, Employee: "grace"},
	}}
	failures := 1 // the store is away at the first try
	expired := make(chan session.Key, 2)
	ctx, cancel := context.WithCancel(t.Context())
	sweeper := actors.Sweeper{
		Next: func(context.Context, session.Time) (next []session.Event, err error) {
			if len(log) > 0 {
				next = log[0]
			}
			return next, nil
		},
		Swept: func(context.Context) error {
			log = log[1:]
			return nil
		},
		Load: later.store.Load,
		Expire: func(ctx context.Context, key session.Key) error {
			if failures--; failures >= 0 {
				return session.ErrUnavailable
			}
			_, err := later.system.Do(ctx, key, session.Expire{})
			expired <- key
			return err
		},
		Clock: ahead{time.Minute}, Every: time.Millisecond,
	}
	done := make(chan error, 1)
	go func() { done <- sweeper.Run(ctx) }()
	require.Equal(t, session.Key("ada"), <-expired)
	cancel()
	require.NoError(t, <-done)
	require.Empty(t, expired, "only who is due is woken")
	require.Empty(t, later.store.row("ada").Active)
	later.awaitResident(0)
}

// A node is refused before it has its lease: a minute would be long for whoever waits for the end.
func TestASweepThatFailsIsTriedAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		var tried []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		sweeper := actors.Sweeper{
			Next: func(context.Context, session.Time) ([]session.Event, error) {
				tried = append(tried, time.Since(from))
				if len(tried) == 10 {
					cancel()
				}
				if len(tried) == 9 {
					return nil, nil
				}
				return nil, session.ErrUnavailable
			},
			Clock: ahead{},
		}
		require.NoError(t, sweeper.Run(ctx))
		seconds := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}
		for i, s := range seconds {
			require.Equal(t, s*time.Second, tried[i])
		}
	})
}

// ahead is a clock that runs ahead.
type ahead struct{ by time.Duration }

func (a ahead) Now() session.Time { return session.TimeOf(time.Now().Add(a.by)) }
