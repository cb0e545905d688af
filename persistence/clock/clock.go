package clock

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Store is what the clock asks.
type Store interface {
	Now(ctx context.Context) (session.Time, error)
}

// beat is how often the offset is measured.
const beat = time.Second

// maxRoundTrip is above what a measurement is thrown away: half of it is the error.
const maxRoundTrip = time.Second

// Clock tells the store's time. Any goroutine may call Now, one calls Run.
type Clock struct {
	store  Store
	origin time.Time    // of the local monotonic clock
	offset atomic.Int64 // the store's Unix time at origin, in nanoseconds
	last   atomic.Int64 // the last answer, in milliseconds

	mu       sync.Mutex // held while measuring
	measured time.Time  // when; zero before the first
}

// New makes a clock that shows the local time until the store was asked: call Sync first.
func New(store Store) *Clock {
	c := &Clock{store: store, origin: time.Now()}
	c.offset.Store(c.origin.UnixNano())
	return c
}

// Now is the store's time.
func (c *Clock) Now() session.Time {
	now := (c.offset.Load() + int64(time.Since(c.origin))) / int64(time.Millisecond)
	for {
		last := c.last.Load()
		if now <= last {
			return session.Time(last)
		}
		if c.last.CompareAndSwap(last, now) {
			return session.Time(now)
		}
	}
}

// Run measures once a second until ctx is done, and returns nil then. While the store is away the
// clock goes on by itself.
func (c *Clock) Run(ctx context.Context) error {
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			_ = c.Sync(ctx) // the store's other users report that it is away
		}
	}
}

// Sync measures the offset now.
func (c *Clock) Sync(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := time.Now()
	now, err := c.store.Now(ctx)
	after := time.Now()
	if err != nil {
		return fmt.Errorf("ask the store for its time: %w", err)
	}
	trip := after.Sub(before)
	if trip > maxRoundTrip {
		return nil
	}
	c.adjust(now, before.Add(trip/2), after)
	return nil
}

// adjust takes the store's word at once when it is ahead or when this is the first measurement. When
// the store's time went back, as after a failover, the clock runs at half its speed until the store
// has caught up: standing still would keep sessions from expiring.
func (c *Clock) adjust(now session.Time, at, after time.Time) {
	// The store cuts to milliseconds: on average its time is half of one further.
	want := now.Std().UnixNano() + int64(time.Millisecond/2) - int64(at.Sub(c.origin))
	have := c.offset.Load()
	if !c.measured.IsZero() && want < have {
		want = max(want, have-int64(after.Sub(c.measured)/2))
	}
	c.measured = after
	c.offset.Store(want)
}
