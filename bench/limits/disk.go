package limits

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// Ability is something that the machine can do.
type Ability struct {
	Name    string
	Rate    float64         // a second
	Latency *load.Histogram // of one, with one in flight; nil when that was not measured
}

// page is what one durable write writes: a page of a store's log.
const page = 8 << 10

// Disk is how often a second a write can be made durable in a folder, one after the other. No store
// on that disk commits more often; it may commit several changes at once.
func Disk(ctx context.Context, folder string, length time.Duration) (a Ability, err error) {
	f, err := os.CreateTemp(folder, "hotseat-fsync-")
	if err != nil {
		return a, fmt.Errorf("measure the disk: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	a = Ability{Name: "durable writes (fsync) of this disk", Latency: load.NewHistogram()}
	block := make([]byte, page)
	began := time.Now()
	for n := 1; ; n++ {
		at := time.Now()
		if _, err = f.Write(block); err == nil {
			err = f.Sync()
		}
		if err != nil {
			return a, fmt.Errorf("measure the disk: %w", err)
		}
		a.Latency.Record(time.Since(at))
		if took := time.Since(began); took >= length || ctx.Err() != nil {
			a.Rate = float64(n) / took.Seconds()
			return a, context.Cause(ctx)
		}
	}
}
