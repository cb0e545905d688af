package batch_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/batch"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Nobody runs the batcher: who asks has committed alone, and hears that nobody waits for it.
func TestWhoAsksAloneCommitsOnItsOwnGoroutine(t *testing.T) {
	b := batch.New(&slow{}, batch.Options{})
	answers := 0
	for range 3 {
		b.Help(func() {
			b.Commit("a", 1, &session.Change{}, func(err error, alone bool) {
				require.NoError(t, err)
				require.True(t, alone)
				answers++
			})
		})
	}
	require.Equal(t, 3, answers)
	b.Help(func() {}) // what was asked needed no commit
}

func TestWhoHelpsTakesALaneFullAndLeavesTheRestToTheLanes(t *testing.T) {
	s := &slow{}
	b := batch.New(s, batch.Options{MaxBatch: 2})
	var answers sync.WaitGroup
	answers.Add(3)
	b.Help(func() {
		for _, key := range []session.Key{"a", "b", "c"} {
			b.Commit(key, 1, &session.Change{}, func(_ error, alone bool) {
				require.False(t, alone && key != "c")
				answers.Done()
			})
		}
	})
	require.Equal(t, []int{2}, s.sizes)
	stop := run(b)
	answers.Wait()
	stop()
	require.Equal(t, []int{2, 1}, s.sizes)
}

// Nobody was woken for a write whose asker comes; when another one holds the lane, that one's end wakes.
func TestWhatArrivesWhileSomebodyHelpsIsCommittedNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGated()
		b := batch.New(g, batch.Options{})
		stop := runGated(b, g)
		defer stop()
		answered := make(chan session.Key, 3)
		ask := func(key session.Key) {
			b.Help(func() { b.Commit(key, 1, &session.Change{}, func(error, bool) { answered <- key }) })
		}
		go ask("a")
		require.Equal(t, []session.Key{"a"}, <-g.calls)
		ask("b")
		ask("c")
		g.answers <- nil
		require.Equal(t, session.Key("a"), <-answered)
		require.Equal(t, []session.Key{"b", "c"}, <-g.calls)
		g.answers <- nil
		<-answered
		<-answered
	})
}

func TestAPanicOfWhoAsksLeavesNoWriteWaiting(t *testing.T) {
	b := batch.New(&slow{}, batch.Options{})
	defer run(b)()
	answered := make(chan error, 2)
	note := func(err error, _ bool) { answered <- err }
	require.Panics(t, func() {
		b.Help(func() {
			b.Commit("a", 1, &session.Change{}, note)
			panic("asked wrongly")
		})
	})
	require.NoError(t, <-answered)
	b.Commit("b", 1, &session.Change{}, note)
	require.NoError(t, <-answered, "the lanes are woken again")
}

func TestRunEndsAfterWhoHelps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGated()
		b := batch.New(g, batch.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var ended atomic.Bool
		go func() { _ = b.Run(ctx); ended.Store(true) }()
		go b.Help(func() { b.Commit("a", 1, &session.Change{}, func(error, bool) {}) })
		<-g.calls
		cancel()
		synctest.Wait()
		require.False(t, ended.Load(), "the store is still in use")
		g.answers <- nil
		synctest.Wait()
		require.True(t, ended.Load())
	})
}

// Some help, some do not, they come alone and in crowds: nobody is left waiting.
func TestEveryWriteIsAnsweredWhoeverCommitsIt(t *testing.T) {
	for lanes := 1; lanes <= 2; lanes++ {
		synctest.Test(t, func(t *testing.T) {
			b := batch.New(&napping{}, batch.Options{Lanes: lanes, MaxBatch: 16})
			stop := run(b)
			var all sync.WaitGroup
			for caller := range 40 {
				all.Go(func() {
					random := rand.New(rand.NewPCG(uint64(lanes), uint64(caller)))
					for range 200 {
						done := make(chan error, 1)
						ask := func() {
							b.Commit(session.Key(rune('a'+random.IntN(60))), 1, &session.Change{}, func(err error, _ bool) { done <- err })
						}
						if random.IntN(3) == 0 {
							ask()
						} else {
							b.Help(ask)
						}
						require.NoError(t, <-done)
						time.Sleep(time.Duration(random.IntN(8000)) * time.Microsecond * time.Duration(random.IntN(2)))
					}
				})
			}
			all.Wait() // a write that waits for ever is a deadlock, which the bubble reports
			stop()
		})
	}
}

// napping is a store that commits on several lanes, each at its own pace.
type napping struct{ slow }

func (*napping) Commit(_ context.Context, _ int, writes []store.Write) []error {
	time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) // synctest's clock
	return make([]error, len(writes))
}
