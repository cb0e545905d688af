package actors

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Peer is one run of another node.
type Peer struct {
	Node     session.Node
	Address  string // where its actors are reached
	Envelope int64  // the newest form of messages that it understands
}

// Router knows who is there and who owns whom, as far as this node can know. Its methods do not wait.
// Being wrong costs a detour, never a promise: the store is the fence.
type Router interface {
	// Owner is the run that owns the employee; self when it is this one.
	Owner(key session.Key) (p Peer, self bool)
	// MayOwn reports whether this node's own lease holds.
	MayOwn() bool
	// FreshFor is since when nobody else can think that it owns what this node owns; zero or less
	// while somebody may, or while this node's own lease does not hold.
	FreshFor() time.Duration
	// Peer finds a live run.
	Peer(node session.Node) (Peer, bool)
	// Peers are all live runs but this one.
	Peers() []Peer
	// Generation moves when the owners change.
	Generation() uint64
}
