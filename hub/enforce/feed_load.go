package enforce

import (
	"context"
	"log/slog"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Past walks the endings that were committed from since on; position is empty at first and then what
// was returned, and no events mean the end.
type Past func(ctx context.Context, since session.Time, position string, limit int) ([]session.Event, string, error)

const (
	// pastPage is how many events one read of the past asks for.
	pastPage = 1000
	// pastAgain is the pause before a read that failed is tried again.
	pastAgain = time.Second
)

// Load reads the endings from before this node's start whose tokens may still live. The Tail must
// have been made before, so that nothing falls between the two. It tries until ctx is done.
func (f *Feed) Load(ctx context.Context, past Past, log *slog.Logger) error {
	since := f.o.Now().Add(-f.keep())
	var found []session.Revocation
	for position := ""; ; {
		events, next, err := past(ctx, since, position, pastPage)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Warn("endings from before the start cannot be read; revocations are not served yet", "error", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pastAgain):
			}
			continue
		case len(events) == 0:
			f.loaded(found)
			return nil
		}
		now := f.o.Now()
		for i := range events {
			if r := events[i].Revocation(); r.Until.Add(f.o.Leeway) >= now {
				found = append(found, r)
			}
		}
		// More than fits is forgotten by loaded; here it only must not fill the memory.
		if extra := len(found) - 2*f.o.Max; extra > 0 {
			found = found[extra:]
		}
		position = next
	}
}
