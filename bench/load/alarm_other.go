//go:build !linux

package load

import (
	"context"
	"time"
)

// alarm sleeps until a moment, as exactly as Go's timers do.
type alarm struct{}

func newAlarm() *alarm  { return &alarm{} }
func (a *alarm) close() {}

func (a *alarm) until(ctx context.Context, at time.Time) bool {
	left := time.Until(at)
	if left <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(left):
		return true
	case <-ctx.Done():
		return false
	}
}
