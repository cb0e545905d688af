// Package caller is a backend that calls a Hotseat over HTTP, cheaply enough to leave the machine to
// the server that is measured: one keep-alive connection, requests written and replies read by hand.
//
// The main type is Caller; a Target is the server that it calls.
//
// Promise: an answer that is not what was asked for is an error that says what the server said, and a
// connection that broke is made anew at the next call. Nothing is retried here.
//
// Next: sessions.go for logins, refreshes and checks; bench/scenario decides when to call.
package caller
