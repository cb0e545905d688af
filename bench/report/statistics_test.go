package report

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample(n int, of func() float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = of()
	}
	return v
}

// The example is that of Hollander and Wolfe's permeability of two membranes, whose exact two-sided
// p is 0.2544; the approximation is near it.
func TestMannWhitneyAgreesWithThePublishedExample(t *testing.T) {
	x := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	y := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	require.InDelta(t, .2544, mannWhitney(x, y), .02)
	require.InDelta(t, mannWhitney(y, x), mannWhitney(x, y), 1e-12)
	require.EqualValues(t, 1, mannWhitney([]float64{1, 1, 1}, []float64{1, 1, 1}))
	require.EqualValues(t, 1, mannWhitney(nil, y))
}

func TestEqualDistributionsSeldomDifferAndUnequalOnesNearlyAlways(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	falseAlarms, found := 0, 0
	const trials = 1000
	for range trials {
		a := sample(40, random.ExpFloat64)
		b := sample(40, random.ExpFloat64)
		if mannWhitney(a, b) < .05 {
			falseAlarms++
		}
		c := sample(40, func() float64 { return 2 * random.ExpFloat64() })
		if mannWhitney(a, c) < .05 {
			found++
		}
	}
	require.InDelta(t, .05, float64(falseAlarms)/trials, .02)
	require.Greater(t, float64(found)/trials, .7)
}

func TestTheIntervalHoldsTheTrueRatioAsOftenAsItSays(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	held := 0
	const trials = 200
	for i := range trials {
		a := sample(60, func() float64 { return 100 + 10*random.NormFloat64() })
		b := sample(60, func() float64 { return 120 + 10*random.NormFloat64() })
		low, high := ratioInterval(a, b, uint64(i))
		require.Less(t, low, high)
		if low <= 1.2 && 1.2 <= high {
			held++
		}
	}
	require.InDelta(t, .95, float64(held)/trials, .05)
	low, _ := ratioInterval(nil, []float64{1}, 1)
	require.True(t, math.IsNaN(low))
}

// Neighbouring windows that resemble each other say less than as many independent ones.
func TestTheIntervalIsWiderForWindowsThatResembleTheirNeighbours(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	walk := make([]float64, 64)
	for i := range walk {
		walk[i] = 100
		if i/8%2 == 0 {
			walk[i] = 120
		}
	}
	shuffled := append([]float64(nil), walk...)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	flat := []float64{110, 110, 110}
	low, high := ratioInterval(flat, walk, 1)
	alone, alike := ratioInterval(flat, shuffled, 1)
	require.Greater(t, high-low, 1.3*(alike-alone))
}
