// Package persistence opens the store that the whole promise rests on: one row per employee, changed
// by compare-and-set on its version, together with the events of that change.
//
// The main function is Open, which picks the embedded store or PostgreSQL by URL; the main type is
// Store, declared in persistence/store so that both stores can speak it without knowing this package.
//
// Promise: a write that was answered nil is durable, a write that was answered ErrConflict,
// ErrRejected, ErrUsernameTaken or ErrUnavailable left nothing behind, and whatever happens to a
// connection no write is ever half there.
//
// Next: store for the interface, embedded and postgres for the two stores, batch for how many logins
// share one commit, storetest for what both must do.
package persistence
