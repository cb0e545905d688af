package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASmallHeapMayHoldHeadroomOfGarbageAndALargeOneAsMuchAsLives(t *testing.T) {
	for live, want := range map[uint64]int{
		0:         mostGOGC,
		4 << 20:   mostGOGC,
		32 << 20:  400,
		64 << 20:  200,
		128 << 20: leastGOGC,
		1 << 30:   leastGOGC,
	} {
		require.Equal(t, want, wantedGOGC(live), "%d bytes live", live)
	}
	require.True(t, worthSetting(0, 400))
	require.False(t, worthSetting(200, 210))
	require.True(t, worthSetting(200, 260))
	require.True(t, worthSetting(400, 100))
}
