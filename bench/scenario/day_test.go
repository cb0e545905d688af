package scenario

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADayIsThatOfItsSeed(t *testing.T) {
	day := plan(50, time.Minute, 2, 7)
	require.Equal(t, day, plan(50, time.Minute, 2, 7), "the same seed, the same day")
	require.NotEqual(t, day, plan(50, time.Minute, 2, 8))
	require.NotEqual(t, day, plan(51, time.Minute, 2, 7))
}

// Everybody comes before doing anything, and leaves last; in the rush of the morning, and not all by
// logging out; and noon is quiet.
func TestADayBeginsWithARushHasALullAndEndsWithEverybodyGone(t *testing.T) {
	const employees, length = 400, 100 * time.Second
	day := plan(employees, length, 1, 1)
	require.True(t, slices.IsSortedFunc(day, func(a, b deed) int { return int(a.at - b.at) }))
	count, per := map[string]int{}, make([][]deed, employees)
	noon, early := 0, 0
	for _, d := range day {
		require.GreaterOrEqual(t, d.at, time.Duration(0))
		require.Less(t, d.at, length)
		count[d.what]++
		per[d.who] = append(per[d.who], d)
		switch {
		case d.what == arrive && d.at < length/40:
			early++
		case d.at > 45*length/100 && d.at < 55*length/100:
			noon++
		}
	}
	for who, deeds := range per {
		require.Equal(t, arrive, deeds[0].what, "employee %d", who)
		require.Contains(t, []string{leave, slipOut}, deeds[len(deeds)-1].what, "employee %d", who)
		require.LessOrEqual(t, deeds[0].at, length/10)
		require.Greater(t, deeds[len(deeds)-1].at, 89*length/100)
	}
	require.Equal(t, employees, count[arrive])
	require.Equal(t, employees, count[leave]+count[slipOut])
	require.InDelta(t, .3, float64(count[slipOut])/employees, .08)
	require.Greater(t, early, employees/2, "most arrive within a quarter of the first tenth")
	require.Less(t, noon, len(day)/25, "a tenth of the day has a fortieth of the deeds")
	for _, d := range deedsPerDay {
		require.InEpsilon(t, d.mean, float64(count[d.what])/employees, .2, d.what)
	}
}
