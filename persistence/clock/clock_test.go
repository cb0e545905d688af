package clock_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/clock"
	"github.com/hotseat-hub/hotseat/session"
)

// away is a store whose clock differs from the local one, and which takes its time to answer.
type away struct {
	by   atomic.Int64 // nanoseconds
	trip time.Duration
	err  error
}

func ahead(by time.Duration) *away {
	a := &away{}
	a.by.Store(int64(by))
	return a
}

func (a *away) Now(context.Context) (session.Time, error) {
	time.Sleep(a.trip / 2) // synctest's clock
	now := session.TimeOf(time.Now().Add(time.Duration(a.by.Load())))
	time.Sleep(a.trip / 2)
	return now, a.err
}

// difference is by how much the clock is ahead of the local one, to a millisecond.
func difference(c *clock.Clock) time.Duration {
	return c.Now().Sub(session.TimeOf(time.Now())).Round(10 * time.Millisecond)
}

func TestTheClockShowsTheStoresTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ahead(time.Hour)
		s.trip = 200 * time.Millisecond
		c := clock.New(s)
		require.Equal(t, time.Duration(0), difference(c))
		require.NoError(t, c.Sync(t.Context()))
		require.Equal(t, time.Hour, difference(c))
		time.Sleep(time.Minute)
		require.Equal(t, time.Hour, difference(c))
	})
}

func TestAStoreThatRunsAheadIsFollowedWithinABeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ahead(0)
		c := clock.New(s)
		ctx, cancel := context.WithCancel(t.Context())
		go c.Run(ctx)
		time.Sleep(2500 * time.Millisecond)
		s.by.Store(int64(10 * time.Second))
		time.Sleep(time.Second)
		require.Equal(t, 10*time.Second, difference(c))
		cancel()
		synctest.Wait()
	})
}

func TestAStoreWhoseTimeWentBackSlowsTheClockButNeverTurnsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ahead(0)
		c := clock.New(s)
		ctx, cancel := context.WithCancel(t.Context())
		go c.Run(ctx)
		time.Sleep(2500 * time.Millisecond)
		s.by.Store(int64(-10 * time.Second))
		start, last := c.Now(), c.Now()
		for range 2000 {
			time.Sleep(5 * time.Millisecond)
			now := c.Now()
			require.GreaterOrEqual(t, now, last)
			last = now
		}
		require.InDelta(t, 5000, float64(last-start), 600, "ten seconds at half the speed")
		time.Sleep(15 * time.Second)
		require.Equal(t, -10*time.Second, difference(c))
		cancel()
		synctest.Wait()
	})
}

func TestTheClockGoesOnWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ahead(time.Hour)
		c := clock.New(s)
		require.NoError(t, c.Sync(t.Context()))
		s.err = errors.New("away")
		require.ErrorIs(t, c.Sync(t.Context()), s.err)
		time.Sleep(time.Minute)
		require.Equal(t, time.Hour, difference(c))
	})
}

func TestASlowAnswerIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ahead(time.Hour)
		c := clock.New(s)
		require.NoError(t, c.Sync(t.Context()))
		s.by.Store(int64(2 * time.Hour))
		s.trip = 3 * time.Second
		require.NoError(t, c.Sync(t.Context()))
		require.Equal(t, time.Hour, difference(c))
	})
}
