package enforce

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

type source func() ([]session.Event, error)

func (s source) Next(context.Context) ([]session.Event, error) { return s() }

type telling func(n session.Notice) int

func (f telling) TellSession(n session.Notice) int { return f(n) }

// race is one socket that attaches while the tail brings its session's ending, each in two steps.
type race struct {
	view    *View
	indexed bool
	told    bool
}

func (r *race) index() { r.indexed = true }

func (r *race) look() {
	if r.view.Ended(sessionID(1)) != nil {
		r.told = true
	}
}

// run places the socket's two steps before, between and after the tail's two; true when the socket
// was told.
func (r *race) run(t *testing.T, steps [2]func(), at [2]int) bool {
	r.view, _ = newView(Options{})
	moment := func(m int) {
		for i, step := range steps {
			if at[i] == m {
				step()
			}
		}
	}
	tail, err := NewTail(TailOptions{
		View: r.view,
		Source: source(func() ([]session.Event, error) {
			moment(0)
			return []session.Event{ending(sessionID(1), begin)}, nil
		}),
		Sockets: telling(func(session.Notice) int {
			moment(1)
			if r.indexed {
				r.told = true
			}
			moment(2)
			return 0
		}),
	})
	require.NoError(t, err)
	require.NoError(t, tail.poll(t.Context()))
	moment(3)
	return r.told
}

// placements are the ways in which two steps can fall among the moments of a poll, in order.
func placements(visit func(at [2]int)) {
	for first := range 4 {
		for second := first; second < 4; second++ {
			visit([2]int{first, second})
		}
	}
}

func TestASocketThatAttachesDuringAnEndingIsToldWhateverTheInterleaving(t *testing.T) {
	placements(func(at [2]int) {
		var r race
		require.True(t, r.run(t, [2]func(){r.index, r.look}, at), "index at %d, view at %d: connected and unaware", at[0], at[1])
	})
}

// The test above can fail: a socket that asks the view before it is in the index is missed.
func TestTheReversedAttachOrderLeavesASocketUnaware(t *testing.T) {
	unaware := 0
	placements(func(at [2]int) {
		var r race
		if !r.run(t, [2]func(){r.look, r.index}, at) {
			unaware++
		}
	})
	require.Positive(t, unaware, "the reversed order was not caught")
}

func TestTheTailTellsOfEndingsAndOfNothingElse(t *testing.T) {
	v, _ := newView(Options{})
	var told []session.Notice
	end := ending(sessionID(1), begin)
	tail, err := NewTail(TailOptions{
		View:    v,
		Source:  source(func() ([]session.Event, error) { return []session.Event{{Type: session.Started}, end}, nil }),
		Sockets: telling(func(n session.Notice) int { told = append(told, n); return 1 }),
	})
	require.NoError(t, err)
	require.NoError(t, tail.poll(t.Context()))
	require.Equal(t, []session.Notice{end.Notice()}, told)
}

// What the poll that begins the cover returns may be older than the cover; it counts all the same.
func TestTheViewCoversFromTheFirstPollThatWorked(t *testing.T) {
	v, s := newView(Options{})
	err := errAway
	tail, _ := NewTail(TailOptions{
		View: v, Sockets: telling(func(session.Notice) int { return 0 }),
		Source: source(func() ([]session.Event, error) { return []session.Event{ending(sessionID(1), begin-1)}, err }),
	})
	require.ErrorIs(t, tail.poll(t.Context()), errAway)
	require.EqualValues(t, never, v.Covers())
	err = nil
	require.NoError(t, tail.poll(t.Context()))
	require.Equal(t, begin, v.Covers())
	require.NotNil(t, v.Ended(sessionID(1)))
	s.now = begin.Add(time.Hour)
	require.NoError(t, tail.poll(t.Context()))
	require.Equal(t, begin, v.Covers(), "only the first poll begins the cover")
}

func TestStalenessGrowsWhileTheStoreIsAwayAndFallsWhenItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := newView(Options{})
		var away atomic.Bool
		registry := prometheus.NewRegistry()
		tail, err := NewTail(TailOptions{
			View: v, Sockets: telling(func(session.Notice) int { return 0 }), Registerer: registry,
			Source: source(func() ([]session.Event, error) {
				if away.Load() {
					return nil, errAway
				}
				return nil, nil
			}),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- tail.Run(ctx) }()
		time.Sleep(10 * time.Second) // of the bubble's own time
		require.LessOrEqual(t, v.Staleness(time.Now()), 200*time.Millisecond)
		away.Store(true)
		time.Sleep(10 * time.Second)
		require.GreaterOrEqual(t, v.Staleness(time.Now()), 9*time.Second)
		require.InDelta(t, v.Staleness(time.Now()).Seconds(), gauge(t, registry, "hotseat_tail_lag_seconds"), 0.001)
		staleness, _ := v.Check(t.Context(), "ada", sessionID(1), 1, begin.Add(time.Hour))
		require.Equal(t, v.Staleness(time.Now()), staleness, "a local answer says how old it is")
		away.Store(false)
		time.Sleep(300 * time.Millisecond)
		require.LessOrEqual(t, v.Staleness(time.Now()), 200*time.Millisecond)
		cancel()
		require.NoError(t, <-done)
	})
}

// A poll that hangs must not keep the next ones away for ever.
func TestAPollThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := newView(Options{})
		tail, _ := NewTail(TailOptions{View: v, Sockets: telling(nil), Source: hanging{}})
		start := time.Now()
		require.ErrorIs(t, tail.poll(t.Context()), context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

type hanging struct{}

func (hanging) Next(ctx context.Context) ([]session.Event, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func gauge(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
