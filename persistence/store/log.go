package store

import (
	"context"
	"errors"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Log is the store's log as relays and feeds read it: every event, in one order that keeps each
// employee's. A Tail is sooner, and in no order between writers.
type Log interface {
	// ReadLog reads on from a position that it or LogEnd returned; an empty one is the beginning of
	// what is kept. It answers whole commits, so there may be somewhat more events than limit. A
	// position whose successors are gone, by retention or because the store is another one, is
	// ErrPositionLost.
	ReadLog(ctx context.Context, after LogPosition, limit int) (LogPage, error)
	// LogEnd is the present: reading on from there returns what is committed from now on.
	LogEnd(ctx context.Context) (LogPosition, error)
	// LogHorizon says since when a transaction that is still running holds the order back, and whose
	// it is. No Tail ever waits for one.
	LogHorizon(ctx context.Context) (Horizon, error)
}

// ErrPositionLost is what ReadLog wraps when it cannot go on without a gap.
var ErrPositionLost = errors.New("the log no longer has what followed this position")

// LogPage is one reading of the log.
type LogPage struct {
	Events []session.Event
	Next   LogPosition // goes on behind Events; it may move without any
	// More says that reading again at once will return something.
	More bool
	// Waiting is how many commits there may be behind the page, readable or held back, at most.
	Waiting int64
	// Oldest is the time of the oldest commit behind the page that was seen; zero when none was.
	Oldest session.Time
}

// Horizon is the oldest transaction that may still commit before what ReadLog has not returned yet.
type Horizon struct {
	Age     time.Duration // zero: nothing holds the log back
	Kind    HorizonKind
	Blocker string // for people: whose transaction it is
}

// HorizonKind says what sort of transaction the oldest one is.
type HorizonKind string

// The kinds; a metric has them as label.
const (
	HorizonFree     HorizonKind = ""
	HorizonOwn      HorizonKind = "hotseat"
	HorizonForeign  HorizonKind = "foreign"
	HorizonPrepared HorizonKind = "prepared"
	HorizonUnseen   HorizonKind = "unseen" // this role may not see whose it is
)

// HoldPrefix begins the names of marks that keep the log: what follows such a mark stays until
// Options.RetentionMax, though it may be past Options.Retention.
const HoldPrefix = "relay/"
