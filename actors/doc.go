// Package actors gives every employee one supervised actor that decides, commits and tells.
//
// The main type is System: Do(ctx, key, command) finds the employee's shard, the shard finds or
// starts the employee, and Employee drives session.Step: decide on the state in memory, commit the
// change by compare-and-set, and only then tell sockets and answer. Employee knows nothing of
// actors, clocks or stores but what its Env offers, so that actors/sim drives the very same code.
//
// Promise: nothing is told or answered before it is committed; commands of one employee take effect
// one after the other; a stale owner's write changes nothing and makes it read the row again; a
// panic costs the command that caused it, never the process.
//
// An employee to whom nothing happens has no actor: sleep.go has its shard keep what its owner knew. What
// an operator does to a record keeps nobody in memory who was not there: rest.go.
//
// On a node of a cluster Client finds the owner on whichever node, peers asks it, and Announcer tells owners
// of this node's sockets; Router says who is there.
//
// Next: employee.go, then shard.go; client.go and peers.go for several nodes; session.Step for the rules; persistence/batch for the commit.
package actors
