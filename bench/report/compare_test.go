package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// storm is a result with windows of its rate, and a figure that has none.
func storm(after, rate float64) *File {
	return &File{Version: Version, Results: []Result{{
		Name: "storm",
		Figures: []Figure{
			{Name: "all sockets back after", Value: after, Unit: "s", Better: Lower},
			{Name: "sockets back/s", Value: rate, Unit: "/s", Better: Higher, Column: "back rate"},
		},
		Latencies: []Latency{{Name: "back", P50: 2, P99: 9}},
		Series: load.Series{Seconds: load.Column{1, 2, 3, 4}, Columns: map[string]load.Column{
			"back rate": {rate - 1, rate, rate + 1, rate}, "back p50": {2, 2, 2, 2},
		}},
	}}}
}

// An interval belongs to the figure whose windows it is made of, and to no other.
func TestAFigureIsComparedByItsOwnWindows(t *testing.T) {
	all, err := Compare(storm(1, 1000), storm(4, 2000))
	require.NoError(t, err)
	of := map[string]*Comparison{}
	for i := range all {
		of[all[i].Name] = &all[i]
	}
	require.Equal(t, [2]int{4, 4}, of["sockets back/s"].Windows)
	require.InDelta(t, 2, of["sockets back/s"].Low, .01)
	require.True(t, of["sockets back/s"].Differs())
	require.Zero(t, of["all sockets back after"].Windows, "there is one value each")
	require.InDelta(t, 4, of["all sockets back after"].Ratio, 1e-9)
	require.False(t, of["all sockets back after"].Differs())
	require.Equal(t, [2]int{4, 4}, of["back p50"].Windows)

	var text bytes.Buffer
	require.NoError(t, CompareText(&text, all, "a.json", "b.json"))
	require.Regexp(t, `all sockets back after +1 s +4 s +4.000 +one value each`, text.String())
	require.Regexp(t, `sockets back/s +1,000 /s +2,000 /s +2.000 +[0-9.]+–[0-9.]+, n=4\+4 +better`, text.String())
	_, err = Compare(storm(1, 1), &File{})
	require.ErrorIs(t, err, ErrNothingInCommon)
}
