package verify

import (
	"time"

	"github.com/google/uuid"
)

// id is a session's.
type id = uuid.UUID

func parseID(text string) (id, error) { return uuid.Parse(text) }

// view is what was heard of ended sessions.
type view struct {
	ended map[id]ending
	asOf  time.Time // the hub's clock: every ending before is known
	heard time.Time // this process's clock, when it said so; zero: never
	swept time.Time
}

// ending is kept until the session's last token has expired.
type ending struct {
	reason    string
	at, until int64 // milliseconds since 1970
}

// most is how many ended sessions are remembered, some 100 bytes each. A hub that names more is not
// followed any longer, so that nobody passes, rather than that one be forgotten.
const most = 10_000_000

// said is the hub's clock at this process's time now, as the hub's own words have it. The hub may be
// further, by what it says late, and is not behind. Before it was heard it is the zero time.
func (v *view) said(now time.Time) time.Time {
	if v.heard.IsZero() {
		return time.Time{}
	}
	return v.asOf.Add(now.Sub(v.heard))
}

// clock is the hub's: at least what it said last and what has passed since. A clock here that is
// behind must not let a token outlive the memory of its session's end.
func (v *view) clock(now time.Time) time.Time {
	hub := v.said(now)
	if hub.Before(now) {
		return now
	}
	return hub
}

// complete notes that every ending before asOf is known, and forgets those whose tokens have expired.
func (v *view) complete(asOf, now time.Time) {
	v.asOf, v.heard = asOf, now
	if now.Sub(v.swept) < time.Minute {
		return
	}
	v.swept = now
	for session, e := range v.ended {
		if time.UnixMilli(e.until).Before(asOf) {
			delete(v.ended, session)
		}
	}
}
