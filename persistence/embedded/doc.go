// Package embedded is the store of a single node: SQLite in the data folder, no server to run.
//
// The main type is Store; Open takes the folder for this process alone.
//
// Promise: what Commit answered nil is on the disk (WAL, synchronous FULL: one fsync per call, however
// many writes it has), and a second process is told who holds the folder instead of being let in,
// as SQLite itself would.
//
// Next: persistence/storetest for what it must do, persistence/postgres for several nodes.
package embedded
