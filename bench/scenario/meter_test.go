package scenario

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// A warm-up in rounds starts and stops the meters as the measurement does.
func TestWhatAWarmUpUsedIsInNoFigure(t *testing.T) {
	used := time.Duration(0)
	clock := func() (time.Duration, error) { return used, nil }
	server := &meter{name: "server", read: clock}
	r := &run{rec: load.NewRecorder(), machine: meter{name: "machine", read: clock}, meters: []*meter{server}}
	r.resume()
	used += 4 * time.Second
	r.pause()
	r.begin()
	defer func() { r.stop(); r.sampling.Wait() }()
	r.resume()
	used += time.Second
	r.pause()
	used += 8 * time.Second // of what is prepared between two rounds
	r.resume()
	used += time.Second
	r.pause()
	require.Equal(t, 2*time.Second, server.used)
	require.Equal(t, 2*time.Second, r.machine.used)
}

type steps []int

func (*steps) Phase(string, int)         {}
func (s *steps) Step(done int, _ string) { *s = append(*s, done) }

// Rounds of takeovers end when so much was measured, and so does their bar.
func TestAPauseIsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen steps
		r := &run{rec: load.NewRecorder(), Options: Options{Progress: &seen}}
		r.rec.Begin()
		time.Sleep(time.Second)
		r.rec.Pause()
		time.Sleep(time.Minute)
		r.say()
		r.rec.Resume()
		time.Sleep(time.Second)
		r.say()
		require.Equal(t, steps{1000, 2000}, seen)
	})
}
