package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// headroom is how much garbage a small heap may hold before it is collected. By default that is as
	// much as lives, and a server of a few thousand employees would collect several times a second.
	headroom = 128 << 20
	// What GOGC may become. A heap that is larger than headroom is left to Go's default.
	leastGOGC, mostGOGC = 100, 400

	headroomEvery = 5 * time.Second
)

// keepHeadroom tunes the garbage collector to the live heap until ctx is done. An operator's GOGC
// stays as it is; GOMEMLIMIT wins over both.
func keepHeadroom(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	ticker := time.NewTicker(headroomEvery)
	defer ticker.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for set := 0; ; {
		metrics.Read(live)
		if want := wantedGOGC(live[0].Value.Uint64()); worthSetting(set, want) {
			set = want
			debug.SetGCPercent(want)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// wantedGOGC is the percentage of live bytes that makes headroom, within its bounds.
func wantedGOGC(live uint64) int {
	if live == 0 {
		return mostGOGC
	}
	return int(min(max(headroom*100/live, leastGOGC), mostGOGC))
}

// worthSetting is false for small changes: setting it stops the world for a moment.
func worthSetting(set, want int) bool {
	return max(set, want)-min(set, want) > set/8
}
