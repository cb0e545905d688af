package store

import (
	"context"

	"github.com/hotseat-hub/hotseat/session"
)

// Write is one employee's change, to be applied only while the row has the Expected version; zero
// means that there is no row yet. Of Change, the fields Save (never nil), Profile, DeleteProfile, Key and

type Write struct {
	Key      session.Key
	Expected session.Version
	Change   *session.Change
}

// Store is the fence. Any goroutine may call any method at any time; only Commit has lanes.
//
// Every error but those of a single write is session.ErrUnavailable (the store cannot be asked
// now), a context's error, or a defect in the stored data, wrapped with what was tried.
type Store interface {
	// Commit applies the writes, each for itself, and answers one error per write: nil,
	// session.ErrConflict (the row has another version), ErrUsernameTaken, ErrRejected (for its
	// data, and always will be), ErrUnavailable (nothing was done) or ErrOutcomeUnknown (it may
	// have been done, or still be done later: read the row). A write's row, events, key and
	// profile are stored together or not at all; the writes of one call share one fsync where
	// they can.
	//
	// The employees of one call should be distinct: a second write to one of them is a conflict.
	// Cancelling ctx does not cancel a commit, whose outcome would be unknown; it only keeps one
	// from starting. A lane has one Commit at a time; calls for the same lane wait for each other.
	Commit(ctx context.Context, lane int, writes []Write) []error

	// Load reads rows that were committed before the call, in the order of keys; the zero
	// Employee stands for no row.
	Load(ctx context.Context, keys []session.Key) ([]session.Employee, error)
	// FindKey looks up a client's idempotency key that is not older than since; nil when there
	// is none.
	FindKey(ctx context.Context, key session.Key, hash [16]byte, since session.Time) (*session.KeyRecord, error)

	// Rows walks every row behind after in the order of keys, tombstones too.
	Rows(ctx context.Context, after session.Key, limit int) ([]session.Employee, error)
	// NewGeneration forgets the log, the marks in it and all idempotency keys: the store was set back
	// to an older state, and positions that were given out since mean nothing here.
	NewGeneration(ctx context.Context) error

	// Profile answers session.ErrNotFound for an employee that does not exist or was deleted.
	Profile(ctx context.Context, key session.Key) (session.Profile, error)
	// ProfileByUsername compares without regard to case.
	ProfileByUsername(ctx context.Context, username string) (session.Profile, error)
	// Profiles lists existing employees whose key has the prefix and comes after after, sorted by
	// key, at most limit. The prefix is compared with keys: fold its case first.
	Profiles(ctx context.Context, prefix string, after session.Key, limit int) ([]Record, error)

	// Tail returns a new reader of the log's endings, starting now.
	Tail() Tail
	Log
	DeadLetters
	// Started walks the `started` events of the log that were written before a time long past, in
	// the order of that time; an empty position is the beginning. It returns whole commits, so
	// there may be somewhat more events than limit, and the position to go on from.
	Started(ctx context.Context, after LogPosition, before session.Time, limit int) ([]session.Event, LogPosition, error)

	// Ended walks the endings that were written at or after since, in the order of that time, like
	// Started; no events means that the end was reached. A commit that was late may be missing: a
	// Tail that was made before the walk has it.
	Ended(ctx context.Context, since session.Time, after LogPosition, limit int) ([]session.Event, LogPosition, error)

	// Setting returns the value that the first caller proposed under this name; with a nil
	// proposal it only reads, and returns nil when there is none.
	Setting(ctx context.Context, name string, proposed []byte) ([]byte, error)
	// SetSetting replaces the value, whoever proposed it.
	SetSetting(ctx context.Context, name string, value []byte) error
	// Mark is the place in the log that was last kept under this name; empty: none was.
	Mark(ctx context.Context, name string) (LogPosition, error)
	SetMark(ctx context.Context, name string, at LogPosition) error
	// MoveMark is SetMark by one of several who move it: session.ErrConflict, and nothing done, when the
	// mark is neither at from (empty: there is none) nor at to already.
	MoveMark(ctx context.Context, name string, from, to LogPosition) error
	Leaders
	Terminals
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey stores a key, or replaces the one with the same KID, as when it is retired.
	AddSigningKey(ctx context.Context, key SigningKey) error

	// Now is the store's time, by which everything that is stored is judged.
	Now(ctx context.Context) (session.Time, error)
	Schema(ctx context.Context) (SchemaStatus, error)
	// Run keeps house (partitions, retention, old keys) until ctx is done, and returns nil then.
	Run(ctx context.Context) error
	// Close waits for commits under way. The store answers ErrUnavailable afterwards.
	Close() error
}

// Tail reads the endings of the log as they come. One goroutine at a time.
type Tail interface {
	// Next returns the endings that were committed since the last call, by every writer, in order
	// for each employee's writer, and none of them late: an ending whose commit became visible
	// before the call is in this or an earlier answer. The first answer goes back some seconds
	// before the Tail was made, so that nothing falls between, and so does the first one after half an
	// hour without a call; endings may therefore be repeated. After an error the next call goes on
	// where the last good one stopped.
	Next(ctx context.Context) ([]session.Event, error)
}

// LogPosition is opaque: a place in one store's log.
type LogPosition string

// Record is an employee as operators see it.
type Record struct {
	Profile session.Profile
	Policy  *session.Policy
	Locked  bool
}

// SigningKey is a private key of the token issuer.
type SigningKey struct {
	KID     string
	Alg     string
	Private []byte // PKCS #8; encrypted under the key KEKID when that is not empty
	KEKID   string

	PublishedAt session.Time
	SignsFrom   session.Time
	RetiredAt   session.Time // zero: not retired
}

// SchemaStatus compares the store's schema with the program's.
type SchemaStatus struct {
	Version   int64 // of the store
	Latest    int64 // that this program knows
	MinBinary int64 // the oldest program's Latest that may still work on this store
}

// Pending reports whether a migration is to be run.
func (s SchemaStatus) Pending() bool { return s.Version < s.Latest }

// TooNew reports that the store needs a newer program.
func (s SchemaStatus) TooNew() bool { return s.MinBinary > s.Latest }
