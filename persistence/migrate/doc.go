// Package migrate brings a store's schema up to date, with goose, from the SQL files that each store
// embeds for its own dialect.
//
// The main function is Run.
//
// Promise: a program older than the schema's min_binary refuses to work on it, in every mode; two
// programs that start together run each migration once, if the caller holds the store's lock.
// Within a minor version migrations only expand, so that the previous program still runs.
//
// Next: persistence/embedded/migrations, persistence/postgres/migrations.
package migrate
