// Package batch lets many logins share one commit: a batch is what arrived while the previous commit
// ran, so a single login waits for nothing and a flood costs one fsync per batch. A lone login is committed
// by the goroutine that waits for it.
//
// The main type is Batcher.
//
// Promise: every accepted call is answered exactly once, also when the store is away or Run ends; the
// answer to a commit is the store's own. A read starts after it was asked for, so whoever was told
// of a commit before asking reads it: strict checks rely on that. All queues are bounded; a full one
// answers session.ErrOverloaded at once.
//
// Next: waiting.go for who takes what waits, persistence/store for what Commit and Load mean, actors/employee.go for the main caller.
package batch
