package cluster

import (
	"context"

	"github.com/hotseat-hub/hotseat/session"
)

// Member is one run of one node, as its row says.
type Member struct {
	Boot     session.Node // name@id; a node that comes back is another run
	Name     string
	Address  string // host:port of its actors
	URL      string // where clients reach it
	Beat     int64
	Draining bool // owns nobody any more
	Program  string
	Schema   int64
	Envelope int64 // newest form of messages that it understands
}

// Leases are the members' rows. Every call may fail and be made again.
type Leases interface {
	// Join adds a run; with replace, earlier runs of the same name are marked dead.
	Join(ctx context.Context, m Member, replace bool) error
	// Renew moves the beat of m, notes its Draining, and answers the members that are not marked, or
	// that m itself is.
	Renew(ctx context.Context, m Member) (members []Member, marked bool, err error)
	// MarkDead marks a run whose beat is still the given one.
	MarkDead(ctx context.Context, boot session.Node, beat int64) error
	// Leave marks the caller's own run.
	Leave(ctx context.Context, boot session.Node) error
}
