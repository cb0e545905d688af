package scenario

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The watch looks just when the first operation after a long pause begins.
func TestTheFirstOperationAfterAPauseIsNotSilence(t *testing.T) {
	const pauses = 20_000
	var pulses [pauses]pulse
	var watched atomic.Int64
	go func() {
		for i := range pulses {
			for watched.Load() < int64(i) {
				runtime.Gosched()
			}
			pulses[i].owes()
		}
	}()
	for i := range pulses {
		watched.Store(int64(i))
		silent := time.Duration(0)
		for silent == 0 {
			silent, _ = pulses[i].silence()
			runtime.Gosched()
		}
		require.Less(t, silent, time.Hour, "pause %d", i)
	}
}
