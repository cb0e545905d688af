package host

import (
	"context"
	"time"
)

// Settled is how much memory of the processes is resident when their collections of garbage give
// nothing more back. collect has them collect once.
func Settled(ctx context.Context, collect func(context.Context) error, processes ...Process) (int64, error) {
	const back = 2 * time.Second // the runtime gives memory back in the background
	for last := int64(0); ; {
		if err := collect(ctx); err != nil {
			return 0, err
		}
		select {
		case <-time.After(back):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		now, err := Resident(processes...)
		if err != nil || last != 0 && now > last-last/100 {
			return now, err
		}
		last = now
	}
}

// Resident is the memory of several processes that share none.
func Resident(processes ...Process) (sum int64, err error) {
	for _, p := range processes {
		bytes, err := p.Resident()
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}
