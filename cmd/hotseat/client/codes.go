package client

import (
	"math/rand/v2"
	"time"
)

// next is what a closed socket means for whoever held it.
type next uint8

const (
	again   next = iota // come back, the longer the more often it happened
	later               // come back, at the longest delay
	refresh             // come back with a fresh token
	ended               // the session is over: never come back
	refused             // this token will never do: never come back
)

// closeCode is one line of the contract's table of close codes.
type closeCode struct {
	next next
	text string
}

var closeCodes = map[int]closeCode{
	1001: {again, "the server is going away"},
	1006: {again, "connection lost"},
	1011: {again, "internal error of the server"},
	1012: {again, "the server is draining"},
	1013: {again, "the server cannot tell now"},
	4000: {again, "try again"},
	4001: {again, "the node left the cluster"},
	4002: {again, "too slow, or too many sockets"},
	4003: {refresh, "access token expired"},
	4004: {refresh, "ticket expired or spent"},
	4029: {again, "too many attempts"},

	1000: {ended, "closed"},
	4510: {ended, "replaced by a new login"},
	4511: {ended, "ended by an operator"},
	4512: {ended, "logged out"},
	4513: {ended, "session expired"},
	4514: {ended, "employee locked"},
	4515: {ended, "ended because its refresh token was used twice"},

	4520: {refused, "bad token"},
	4521: {refused, "the token is another terminal's"},
	4522: {refused, "origin not allowed"},
}

// meaning of a close code; one that the contract does not list is retried at the longest delay.
func meaning(code int) closeCode {
	if c, ok := closeCodes[code]; ok {
		return c
	}
	return closeCode{later, "closed"}
}

// backoff spreads the return of many clients: each waits a random part of a bound that doubles.
type backoff struct {
	base, longest time.Duration
	tries         int
}

func (b *backoff) reset() { b.tries = 0 }

func (b *backoff) next() time.Duration {
	bound := b.longest
	if b.tries < 16 {
		bound = min(b.longest, b.base<<b.tries)
	}
	b.tries++
	return rand.N(bound + 1)
}

// long is for what will not mend soon: never less than half of the longest delay.
func (b *backoff) long() time.Duration { return b.longest/2 + rand.N(b.longest/2+1) }
