package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/persistence/batch"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gated is a store whose every call waits for the test: it reports what it was asked on calls and
// goes on when the test sends an error on answers.
type gated struct {
	calls   chan []session.Key
	answers chan error
	over    chan struct{} // closed when the test is over, also when it failed half way
}

func newGated() *gated {
	return &gated{calls: make(chan []session.Key), answers: make(chan error), over: make(chan struct{})}
}

func (g *gated) ask(keys []session.Key) error {
	select {
	case g.calls <- keys:
	case <-g.over:
		return nil
	}
	select {
	case err := <-g.answers:
		return err
	case <-g.over:
		return nil
	}
}

func (g *gated) Commit(_ context.Context, _ int, writes []store.Write) []error {
	keys := make([]session.Key, len(writes))
	for i := range writes {
		keys[i] = writes[i].Key
	}
	return slices.Repeat([]error{g.ask(keys)}, len(writes))
}

func (g *gated) Load(_ context.Context, keys []session.Key) ([]session.Employee, error) {
	rows := make([]session.Employee, len(keys))
	for i, key := range keys {
		rows[i].ID = session.EmployeeID(key)
	}
	return rows, g.ask(keys)
}

func (g *gated) FindKey(_ context.Context, key session.Key, _ [16]byte, at session.Time) (*session.KeyRecord, error) {
	return &session.KeyRecord{At: at}, g.ask([]session.Key{key})
}

// runGated is run for a test that may fail while the store waits for it.
func runGated(b *batch.Batcher, g *gated) (stop func()) {
	inner := run(b)
	return func() { close(g.over); inner() }
}

// run starts b and returns what stops it and waits.
func run(b *batch.Batcher) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = b.Run(ctx) })
	return func() { cancel(); wg.Wait() }
}

func TestABatchIsWhatArrivedWhileTheLastCommitRanSortedAndOfDistinctEmployees(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{})
	stop := runGated(b, g)
	defer stop()
	results := make(chan string, 16)
	commit := func(key string) {
		b.Commit(session.Key(key), 1, &session.Change{}, func(err error, _ bool) { results <- fmt.Sprint(key, " ", err) })
	}
	commit("m")
	require.Equal(t, []session.Key{"m"}, <-g.calls)
	for _, key := range []string{"z", "a", "k", "a", "a"} {
		commit(key)
	}
	g.answers <- nil
	require.Equal(t, "m <nil>", <-results)
	require.Equal(t, []session.Key{"a", "k", "z"}, <-g.calls)
	g.answers <- session.ErrConflict
	for _, key := range []string{"a", "k", "z"} {
		require.Equal(t, key+" version conflict", <-results)
	}
	for range 2 {
		require.Equal(t, []session.Key{"a"}, <-g.calls)
		g.answers <- nil
		require.Equal(t, "a <nil>", <-results)
	}
}

func TestABatchIsBounded(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{MaxBatch: 2})
	for _, key := range []string{"d", "c", "b", "a"} {
		b.Commit(session.Key(key), 1, &session.Change{}, func(error, bool) {})
	}
	stop := runGated(b, g)
	defer stop()
	require.Equal(t, []session.Key{"c", "d"}, <-g.calls)
	g.answers <- nil
	require.Equal(t, []session.Key{"a", "b"}, <-g.calls)
	g.answers <- nil
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	refused := prometheus.NewCounter(prometheus.CounterOpts{Name: "refused"})
	b := batch.New(newGated(), batch.Options{MaxQueue: 1, MaxReads: 1, Refused: refused})
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	for range 2 {
		b.Commit("a", 1, &session.Change{}, func(err error, _ bool) { note(err) })
		b.Load("a", func(_ session.Employee, err error) { note(err) })
		b.FindKey("a", [16]byte{}, 0, func(_ *session.KeyRecord, err error) { note(err) })
	}
	require.Equal(t, []error{session.ErrOverloaded, session.ErrOverloaded, session.ErrOverloaded}, errs)
	registry := prometheus.NewRegistry()
	registry.MustRegister(refused)
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Equal(t, 3.0, families[0].GetMetric()[0].GetCounter().GetValue())
}

func TestWhatWasAcceptedIsFinishedAndWhatComesLaterIsRefused(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{})
	results := make(chan error, 3)
	b.Commit("a", 1, &session.Change{}, func(err error, _ bool) { results <- err })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	require.Equal(t, []session.Key{"a"}, <-g.calls)
	g.answers <- nil
	require.NoError(t, <-results)
	require.NoError(t, <-ended)
	b.Commit("b", 1, &session.Change{}, func(err error, _ bool) { results <- err })
	require.ErrorIs(t, <-results, session.ErrUnavailable)
}

func TestAReadStartsAfterItWasAskedForAndIsSharedByThoseWhoWait(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{})
	stop := runGated(b, g)
	defer stop()
	results := make(chan string, 8)
	load := func(key string) {
		b.Load(session.Key(key), func(e session.Employee, err error) { results <- fmt.Sprint(e.ID, " ", err) })
	}
	load("a")
	require.Equal(t, []session.Key{"a"}, <-g.calls)
	load("a") // the read under way began before this was asked
	load("b")
	load("a")
	g.answers <- nil
	require.Equal(t, "a <nil>", <-results)
	require.Equal(t, []session.Key{"a", "b"}, <-g.calls)
	g.answers <- nil
	for _, want := range []string{"a <nil>", "b <nil>", "a <nil>"} {
		require.Equal(t, want, <-results)
	}
}

func TestABrokenRowDoesNotFailItsNeighbours(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{})
	results := make(chan error, 2)
	for _, key := range []session.Key{"broken", "sound"} {
		b.Load(key, func(_ session.Employee, err error) { results <- err })
	}
	stop := runGated(b, g)
	defer stop()
	require.Len(t, <-g.calls, 2)
	broken := errors.New("corrupt")
	g.answers <- broken
	require.Equal(t, []session.Key{"broken"}, <-g.calls)
	g.answers <- broken
	require.Equal(t, []session.Key{"sound"}, <-g.calls)
	g.answers <- nil
	require.ErrorIs(t, <-results, broken)
	require.NoError(t, <-results)
}

func TestAnAbsentStoreIsAskedOnceForAll(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{})
	results := make(chan error, 2)
	for _, key := range []session.Key{"a", "b"} {
		b.Load(key, func(_ session.Employee, err error) { results <- err })
	}
	stop := runGated(b, g)
	defer stop()
	require.Len(t, <-g.calls, 2)
	g.answers <- session.ErrUnavailable
	require.ErrorIs(t, <-results, session.ErrUnavailable)
	require.ErrorIs(t, <-results, session.ErrUnavailable)
}

func TestAKeyIsLookedUp(t *testing.T) {
	g := newGated()
	b := batch.New(g, batch.Options{})
	stop := runGated(b, g)
	defer stop()
	results := make(chan *session.KeyRecord, 1)
	b.FindKey("a", [16]byte{1}, 7, func(k *session.KeyRecord, _ error) { results <- k })
	require.Equal(t, []session.Key{"a"}, <-g.calls)
	g.answers <- nil
	require.Equal(t, session.Time(7), (<-results).At)
}
