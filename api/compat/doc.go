// Package compat is what the original's clients show for a session: its token, and the bare id of a
// terminal. Its tests state the original's surface as a table and run it against the program.
//
// The main type is Seats, which finds the session behind either.
//
// Promise: the answer is the store's at the time of asking, so a credential of the original ends with
// its session like ours; a token of an earlier login is none of the session that sits at the same
// terminal now. Without --compat-pos nobody asks this package.
//
// Next: token.go is the original's token, seats.go what it leads to, conformance_test.go the table.
package compat
