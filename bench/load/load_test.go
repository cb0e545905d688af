package load_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/bench/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stalling is a server that answers at once but for one stall, during which it answers nobody.
type stalling struct {
	mu    sync.Mutex
	began time.Time
	from  time.Duration
	stall time.Duration
}

func (s *stalling) serve() {
	s.mu.Lock() // one at a time, as a lock in a server would have it
	defer s.mu.Unlock()
	if at := time.Since(s.began); at >= s.from && at < s.from+s.stall {
		time.Sleep(s.from + s.stall - at)
	}
}

// A server that is asked 1000 times a second and stalls for half a second owes 500 operations that
// waited 250 ms on average: a quarter of two seconds' operations, whoever counts them.
func TestAStallShowsInThePercentilesOfAnOpenLoop(t *testing.T) {
	var h *load.Histogram
	for range 5 { // the clock is the machine's, which may have a stall of its own
		s := &stalling{from: 500 * time.Millisecond, stall: 500 * time.Millisecond, began: time.Now()}
		h = run(t, load.Pace{Workers: 4, Rate: 1000, Steady: true, Length: 2 * time.Second}, s)
		require.InDelta(t, 2000, h.Count(), 2)
		if h.At(.5) < 20*time.Millisecond && math.Abs(h.At(.9).Seconds()-.3) <= .05 {
			break
		}
	}
	require.Less(t, h.At(.5), 20*time.Millisecond)
	require.InDelta(t, .3, h.At(.9).Seconds(), .05, "a tenth of all waited longer than 300 ms")
	require.Greater(t, h.At(.99), 450*time.Millisecond)
}

// The same stall hides from a closed loop: it asks four times less in half a second than it would have.
// The correction finds it again. The clock is synctest's.
func TestTheCorrectionFindsAStallThatAClosedLoopHides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stalling{from: 200 * time.Millisecond, stall: 500 * time.Millisecond, began: time.Now()}
		h := load.NewHistogram()
		_, err := load.Pace{Workers: 1, Length: time.Second}.Run(t.Context(), func(_ context.Context, at load.Start) error {
			time.Sleep(time.Millisecond)
			s.serve()
			h.Record(time.Since(at.At))
			return nil
		})
		require.NoError(t, err)
		require.Less(t, h.At(.99), 2*time.Millisecond, "one operation in hundreds was slow")
		require.Greater(t, h.Corrected(h.At(.5)).At(.9), 250*time.Millisecond)
	})
}

func run(t *testing.T, p load.Pace, s *stalling) *load.Histogram {
	var mu sync.Mutex
	h := load.NewHistogram()
	offered, err := p.Run(t.Context(), func(_ context.Context, at load.Start) error {
		s.serve()
		mu.Lock()
		defer mu.Unlock()
		h.Record(time.Since(at.At))
		return nil
	})
	require.NoError(t, err)
	require.Positive(t, offered.Waited, "all four workers were held by the stall")
	return h
}

func TestARateIsKeptAndItsGapsAreThoseOfTheSeed(t *testing.T) {
	a, b, c := gaps(t, 7, false), gaps(t, 7, false), gaps(t, 8, false)
	require.Equal(t, a, b, "the same seed, the same people")
	require.NotEqual(t, a, c)
	mean, deviation := moments(a)
	require.InDelta(t, 10e-6, mean, 1e-6)
	require.InDelta(t, mean, deviation, 1.5e-6, "exponential gaps deviate by their mean")
	mean, deviation = moments(gaps(t, 7, true))
	require.InDelta(t, 10e-6, mean, 1e-9)
	require.InDelta(t, 0, deviation, 1e-9)
}

// gaps are the times between the operations of a short run.
func gaps(t *testing.T, seed uint64, steady bool) (gaps []float64) {
	var last time.Time
	_, err := load.Pace{Workers: 1, Rate: 1e5, Seed: seed, Steady: steady, Length: 20 * time.Millisecond}.Run(t.Context(),
		func(_ context.Context, s load.Start) error {
			if !last.IsZero() {
				gaps = append(gaps, s.At.Sub(last).Seconds())
			}
			last = s.At
			return nil
		})
	require.NoError(t, err)
	return gaps
}

func moments(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, math.Sqrt(deviation)
}

func TestAnIdleGeneratorBeginsOnTime(t *testing.T) {
	offered, err := load.Pace{Workers: 250, Rate: 500, Length: 500 * time.Millisecond}.Run(t.Context(),
		func(context.Context, load.Start) error { return nil })
	require.NoError(t, err)
	require.EqualValues(t, offered.Begun, offered.Late.Count())
	require.Zero(t, offered.Waited)
}

func TestAClosedLoopHasNoMoreThanItsWorkersUnderWayAndEndsAfterItsCount(t *testing.T) {
	var now, most, n atomic.Int32
	offered, err := load.Pace{Workers: 3, Count: 100}.Run(t.Context(), func(context.Context, load.Start) error {
		n.Add(1)
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return nil
	})
	require.NoError(t, err)
	require.EqualValues(t, 100, n.Load())
	require.Equal(t, 100, offered.Begun)
	require.EqualValues(t, 3, most.Load())
}

// Whoever is under way at the end has waited longest: a sudden end would leave out just those.
func TestAClosedLoopWithALengthWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := load.NewHistogram()
		offered, err := load.Pace{Workers: 1, Length: time.Second}.Run(t.Context(), func(ctx context.Context, at load.Start) error {
			time.Sleep(400 * time.Millisecond)
			if at.Number == 2 {
				time.Sleep(9 * time.Second)
			}
			h.Record(time.Since(at.At))
			return ctx.Err()
		})
		require.NoError(t, err)
		require.Equal(t, 3, offered.Begun, "none begins after the length")
		require.EqualValues(t, 3, h.Count())
		require.Greater(t, h.Max(), 9*time.Second)
	})
}

func TestTheFirstErrorEndsARun(t *testing.T) {
	broken := errors.New("broken")
	for _, p := range []load.Pace{{Workers: 2}, {Workers: 2, Rate: 1000}} {
		offered, err := p.Run(t.Context(), func(context.Context, load.Start) error { return broken })
		require.ErrorIs(t, err, broken)
		require.Less(t, offered.Begun, 100)
	}
	_, err := load.Pace{}.Run(t.Context(), nil)
	require.ErrorContains(t, err, "workers")
}

func TestAHistogramKnowsTheQuantilesOfKnownDistributions(t *testing.T) {
	h := load.NewHistogram()
	require.Zero(t, h.At(.5)+h.Mean()+h.Min()+h.Max())
	for ms := 1; ms <= 10_000; ms++ {
		h.Record(time.Duration(ms) * time.Millisecond)
	}
	for _, q := range []float64{.1, .5, .9, .99, .999} {
		require.InEpsilon(t, q*10, h.At(q).Seconds(), .001, "quantile %g", q)
	}
	require.InEpsilon(t, 5.0005, h.Mean().Seconds(), .001)

	h.Reset()
	for i := 1; i < 100_000; i++ { // the inverse of the exponential distribution function, mean 1 ms
		h.Record(time.Duration(-math.Log(1-float64(i)/100_000) * float64(time.Millisecond)))
	}
	for _, q := range []float64{.5, .9, .99} {
		require.InEpsilon(t, -math.Log(1-q), h.At(q).Seconds()*1000, .002, "quantile %g", q)
	}
	h.Record(-time.Second)
	h.Record(time.Hour)
	require.EqualValues(t, 100_001, h.Count(), "what is out of range counts at its end")
}

func TestAHistogramSurvivesItsText(t *testing.T) {
	h := load.NewHistogram()
	for i := range 1000 {
		h.Record(time.Duration(i*i) * time.Microsecond)
	}
	text, err := json.Marshal(h)
	require.NoError(t, err)
	var read load.Histogram
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, h.At(.99), read.At(.99))
	require.Equal(t, h.Count(), read.Count())
	require.Error(t, read.UnmarshalText([]byte("AAAA")))
}

func TestCorrectionAddsTheWaitersThatOneHeldUp(t *testing.T) {
	h := load.NewHistogram()
	h.Record(10 * time.Millisecond)
	h.Record(time.Millisecond)
	c := h.Corrected(2 * time.Millisecond)
	require.EqualValues(t, 2+4, c.Count(), "10 ms hid askers of 8, 6, 4 and 2 ms")
	require.InEpsilon(t, .031/6, c.Mean().Seconds(), .01)
	require.EqualValues(t, 2, h.Corrected(0).Count())
}
