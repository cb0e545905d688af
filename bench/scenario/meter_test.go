package scenario

import (
	"testing"
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
