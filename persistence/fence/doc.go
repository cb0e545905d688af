// Package fence makes a store safe that was set back to an older state: restored from a backup, or
// failed over to a standby that was behind.
//
// The main function is Run.
//
// Promise: afterwards no session that was ever given out lives, and no epoch, event id, position in
// the log or idempotency key from the lost time means anything. It may be run again when it was
// interrupted. Nobody else may work on the store meanwhile.
//
// Next: session/fence.go for what happens to a row; docs/operating.md for when to do it.
package fence
