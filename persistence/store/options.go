package store

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"time"
)

// Migrate says what Open does about the schema.
type Migrate string

// The ways. Check and off are for stores whose schema another role changes.
const (
	MigrateAuto  Migrate = "auto"  // bring it up to date
	MigrateCheck Migrate = "check" // refuse to open when it is not
	MigrateOff   Migrate = "off"   // do not look, except that min_binary is obeyed
)

// Options of a store. The zero value is ready for production.
type Options struct {
	// Migrate is auto when empty.
	Migrate Migrate
	// MigrateTimeout bounds the wait for another node's migration; 60 s when zero.
	MigrateTimeout time.Duration
	// Boot names this run of this node among the log's writers; random when empty. Two processes
	// with one boot would hide each other's events from the tails.
	Boot string
	// Retention of the log; 30 days when zero. It must not be shorter than a session's lifetime,
	// or the sweeper finds nothing to expire.
	Retention time.Duration
	// RetentionMax is how long the log keeps what a mark with HoldPrefix has not passed; Retention
	// when zero or shorter. It bounds the disk that a reader which never comes back can fill.
	RetentionMax time.Duration
	// CommitTimeout is the watchdog on a commit in PostgreSQL: after it the connection is dropped
	// and the outcome is unknown. 5 s when zero. Too short turns slow commits into unknown ones;
	// too long keeps logins waiting for a server that has stopped.
	CommitTimeout time.Duration
	// Log is where house-keeping reports; nil discards.
	Log *slog.Logger
}

// WithDefaults returns o with every zero value replaced.
func (o Options) WithDefaults() Options {
	if o.Migrate == "" {
		o.Migrate = MigrateAuto
	}
	if o.MigrateTimeout == 0 {
		o.MigrateTimeout = time.Minute
	}
	if o.Boot == "" {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		o.Boot = hex.EncodeToString(b[:])
	}
	if o.Retention == 0 {
		o.Retention = 30 * 24 * time.Hour
	}
	o.RetentionMax = max(o.RetentionMax, o.Retention)
	if o.CommitTimeout == 0 {
		o.CommitTimeout = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
