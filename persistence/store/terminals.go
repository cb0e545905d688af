package store

import (
	"context"

	"github.com/hotseat-hub/hotseat/session"
)

// Terminals knows whose terminal an id is, for clients of the original's protocol, which name a
// terminal and nobody who sits there. It says nothing of sessions: they are in the employee's row.
type Terminals interface {
	// KeepTerminal notes until when an id that the server made leads to its employee. Ids are never
	// made twice; a later call moves the time alone.
	KeepTerminal(ctx context.Context, id session.TerminalID, key session.Key, until session.Time) error
	// Terminal is the employee at that terminal; empty when the id was never kept, or long ago.
	Terminal(ctx context.Context, id session.TerminalID) (session.Key, error)
}
