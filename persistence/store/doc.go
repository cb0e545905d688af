// Package store says what a store of Hotseat must do; it does nothing itself.
//
// The main type is the interface Store; Write is what it commits.
//
// Promise: an implementation that passes persistence/storetest can stand under everything else.
// Errors that a caller acts on are the sentinels of package session.
//
// Next: persistence/embedded and persistence/postgres implement it.
package store
