// Package cluster makes one node of several: it holds the node's lease, knows the other members, says
// who owns whom, and runs protoactor's remote.
//
// The main type is Node. Run joins, renews the lease, marks members dead that have stopped, and starts
// again under a new boot id when this run itself was marked. watch is the pure part: when this node may
// own, and whom it marks. Placement is who owns whom.
//
// Promise: a run whose lease does not hold by its own clock, counted from before the renewal was sent,
// owns nothing; a member is marked only after its beat has stood still for a whole TTL of this node's own time,
// and not soon after this node itself was late. So what stops all of them, as a database that is
// away, costs no member. That two nodes may own the same employee for a moment harms nothing: the store is the
// fence.
//
// Next: watch.go for the rules, node.go for the life of a run, placement.go for the owners, remote.go
// for the connections. persistence/postgres keeps the leases, actors speaks to the other nodes.
package cluster
