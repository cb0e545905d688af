package batch_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/batch"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// slow is a store whose every commit takes a while, however many writes share it.
type slow struct {
	store.Store
	took  time.Duration
	sizes []int
}

func (s *slow) Commit(_ context.Context, _ int, writes []store.Write) []error {
	time.Sleep(s.took) // synctest's clock
	s.sizes = append(s.sizes, len(writes))
	return make([]error, len(writes))
}

// crowd lets callers commit one after the other, each pausing in between, and returns the mean size
// of a batch and how long it all took.
func crowd(callers, commits int, pause func(caller int) time.Duration) (mean float64, took time.Duration) {
	s := &slow{took: 4 * time.Millisecond}
	b := batch.New(s, batch.Options{})
	stop := run(b)
	began := time.Now()
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			time.Sleep(time.Duration(caller) * 100 * time.Microsecond) // they do not begin together
			for range commits {
				done := make(chan error)
				b.Help(func() {
					b.Commit(session.Key(rune('a'+caller)), 1, &session.Change{}, func(err error, _ bool) { go func() { done <- err }() })
				})
				<-done
				time.Sleep(pause(caller))
			}
		})
	}
	all.Wait()
	took = time.Since(began)
	stop()
	return float64(callers*commits) / float64(len(s.sizes)), took
}

func TestACrowdThatComesBackAtOnceSharesEveryCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mean, _ := crowd(64, 100, func(caller int) time.Duration { return time.Duration(caller) * 4 * time.Microsecond })
		require.Greater(t, mean, 60.0, "not two half crowds in turns")
	})
}

func TestACrowdThatTakesItsTimeIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, took := crowd(64, 100, func(int) time.Duration { return 2 * time.Millisecond })
		require.Less(t, took, 100*(4+4+2)*time.Millisecond)
	})
}

func TestOneCallerWaitsForItsCommitOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, took := crowd(1, 100, func(int) time.Duration { return 0 })
		require.Equal(t, 400*time.Millisecond, took)
	})
}
