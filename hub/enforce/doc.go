// Package enforce keeps this node's view of ended sessions, and sees to it that every ending reaches
// the sockets here even when its direct notice did not.
//
// The main type is View: which sessions have ended, and since when it knows. Tail feeds it from the
// store's log and tells the sockets that were missed.
//
// Promise: a token of a session whose ending the View was given is refused from then on, until no
// token of it can be alive. The View never forgets silently: when it is full it moves forward the
// time that it covers, and tokens from before that time are asked for in the store.
//
// Next: Check in check.go is the hot path of /v1/authz; Tail.Run in tail.go has the order that hub's
// attach relies on.
package enforce
