// Package limits measures what a machine can do at best, so that a server's figures can be read as
// shares of it: durable writes to a disk, frames written by a bare loop, requests answered by an empty
// HTTP handler, and the naive takeover in a PostgreSQL.
//
// The main type is Ability, one figure of the machine.
//
// Promise: each is measured with the same client and as much in flight as the server is, and takes
// about as long as it is told.
//
// Next: disk.go, frames.go, handler.go; persistence/benchstore/naive for the database.
package limits
