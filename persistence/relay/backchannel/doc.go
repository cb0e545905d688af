// Package backchannel is the protocol of OpenID Connect Back-Channel Logout 1.0: a relying party is told
// that a session has ended by a signed logout token.
//
// The main type is Protocol, for relay/push.
//
// Promise: a token has sub and sid, never a nonce, is good for two minutes, and every repeat of the same
// ending has the same jti.
//
// Next: relay/push for what happens when a receiver does not answer well; api/token signs.
package backchannel
