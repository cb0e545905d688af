// Package verify lets a Go service check Hotseat's access tokens by itself: by the hub's public keys and
// its live feed of ended sessions, without a question for each request.
//
// The main type is Verifier. New makes one, Run follows the hub until its context ends, Verify and
// Handler check tokens meanwhile.
//
// Promise: a token whose session has ended is refused within the staleness that each answer states; a
// verifier that has not heard of the hub for longer than Options.MaxStaleness lets nobody pass and says
// so by ErrStale, which is a 503 and never the end of a session. Nothing that a token says decides where
// keys come from or by which algorithm it is checked. The package needs nothing else of Hotseat.
//
// Next: verifier.go, then follow.go; examples/go uses it.
package verify
