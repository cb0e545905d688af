package store

import (
	"context"
	"time"
)

// Term numbers the holders of a leadership in the order in which they held it; zero: none.
type Term int64

// Leaders sees to it that of many nodes one at a time does what one is enough for. A leader may be
// stopped for a while and not know that another has followed, so whatever it keeps, it keeps under its
// term. On a store for one process that process leads.
type Leaders interface {
	// Lead takes the leadership of this name for the holder, or keeps it for another ttl by the
	// store's clock, and answers the term; zero while somebody else holds it. The holder counts its
	// ttl from before the call.
	Lead(ctx context.Context, name, holder string, ttl time.Duration) (Term, error)
	// Resign lets the next one follow at once. A term that is over changes nothing.
	Resign(ctx context.Context, name string, term Term) error
	// SetMarkAs is SetMark by a leader: session.ErrConflict, and nothing done, when its term is over.
	SetMarkAs(ctx context.Context, leadership string, term Term, mark string, at LogPosition) error
}

// Node is one run of one node of a cluster.
type Node struct {
	Boot     string // unique to the run
	Name     string // the same over restarts
	Address  string // host:port where other nodes reach it
	URL      string // where clients reach it
	Beat     int64  // moves with every renewal
	Draining bool
	Program  string // version of the program
	Schema   int64  // newest schema that it knows
	Envelope int64  // newest form of messages between nodes that it speaks
}

// Nodes are the leases of a cluster's members. Only a store that several processes can open has them.
type Nodes interface {
	// Join adds a run. With replace, older runs of the same name are marked dead: the caller knows
	// that their process is gone.
	Join(ctx context.Context, n Node, replace bool) error
	// Renew moves the beat of n.Boot, notes its Draining, and answers every run that is not marked
	// dead, as they were just before. When n.Boot itself was marked, nothing is changed.
	Renew(ctx context.Context, n Node) (members []Node, marked bool, err error)
	// MarkDead marks a run whose beat is still the given one.
	MarkDead(ctx context.Context, boot string, beat int64) error
	// Leave marks the caller's own run.
	Leave(ctx context.Context, boot string) error
}
