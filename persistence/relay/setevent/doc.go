// Package setevent speaks of ended sessions as security event tokens (RFC 8417): CAEP's session-revoked,
// by push (RFC 8935) or poll (RFC 8936), as the Shared Signals Framework 1.0 frames them.
//
// The main types are Push, a protocol for relay/push, and Transmitter, the HTTP side: its configuration,
// its streams' status, verification, and the streams that are polled.
//
// Promise: an ending is one token with one event; every repeat has the same jti. A polled stream's mark
// moves only behind what its receiver has acknowledged, so it needs no queue but the log.
//
// Next: token.go for the claims, poll.go for the streams that are polled, http.go for the routes.
package setevent
