// Package postgres is the store of several nodes: PostgreSQL 14 or newer, by pgx, with hand-written SQL.
//
// The main type is Store; a lane is one connection that commits, one statement per batch.
//
// Promise: a commit is one set-based statement that compares every row's version and appends the
// events of those that won to the log, in one implicit transaction. It is never cancelled: when the
// server does not answer, the connection is dropped, the outcome is unknown, and the lane goes on
// as a new writer of the log, because the old statement may still commit, late. The tail finds it
// all the same.
//
// Next: commit.go, then tail.go; persistence/storetest for what must hold; docs/decisions/0006 for
// why the log has one row per commit.
package postgres
