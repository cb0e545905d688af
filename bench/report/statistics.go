package report

import (
	"math"
	"math/rand/v2"
	"slices"
)

// mannWhitney is the probability that two samples of one distribution differ as much as these, or
// more, by their ranks (two-sided, by the normal approximation with the correction for ties). It
// asks nothing of the distribution's shape.
func mannWhitney(a, b []float64) float64 {
	n, m := float64(len(a)), float64(len(b))
	if n == 0 || m == 0 {
		return 1
	}
	type value struct {
		v     float64
		first bool
	}
	var all []value
	for _, v := range a {
		all = append(all, value{v, true})
	}
	for _, v := range b {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(x, y value) int { return compareFloats(x.v, y.v) })
	ranks, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].v == all[i].v {
			end++
		}
		rank := float64(i+end+1) / 2 // the mean of the ranks of those that are equal
		for ; i < end; i++ {
			if all[i].first {
				ranks += rank
			}
		}
		t := float64(end) - (rank*2 - float64(end) - 1)
		ties += t*t*t - t
	}
	u := ranks - n*(n+1)/2
	variance := n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1)))
	if variance <= 0 {
		return 1
	}
	z := max(math.Abs(u-n*m/2)-.5, 0) / math.Sqrt(variance)
	return math.Erfc(z / math.Sqrt2)
}

func compareFloats(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// resamples is how often the bootstrap draws.
const resamples = 2000

// ratioInterval is where the ratio of the means of b over a lies with 95 % confidence. Windows of one
// run resemble their neighbours, so it draws blocks of neighbours (circular block bootstrap).
func ratioInterval(a, b []float64, seed uint64) (low, high float64) {
	if len(a) == 0 || len(b) == 0 {
		return math.NaN(), math.NaN()
	}
	random := rand.New(rand.NewPCG(seed, 0x626f6f74))
	ratios := make([]float64, 0, resamples)
	for range resamples {
		if x := blockMean(random, a); x != 0 {
			ratios = append(ratios, blockMean(random, b)/x)
		}
	}
	if len(ratios) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(ratios)
	return ratios[len(ratios)*25/1000], ratios[len(ratios)*975/1000]
}

func blockMean(random *rand.Rand, v []float64) float64 {
	block := int(math.Ceil(math.Cbrt(float64(len(v)))))
	sum := 0.0
	for drawn := 0; drawn < len(v); {
		from := random.IntN(len(v))
		for i := 0; i < block && drawn < len(v); i++ {
			sum += v[(from+i)%len(v)]
			drawn++
		}
	}
	return sum / float64(len(v))
}
