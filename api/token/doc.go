// Package token makes and checks the credentials that Hotseat gives out: access tokens (JWT, RFC
// 9068), refresh tokens and socket tickets.
//
// The main type is Tokens. Its signing keys are a Keys, loaded from the store and shared by all
// nodes; a key is published before it signs, so that every node knows it before it meets a token
// of it.
//
// Promise: Verify does no I/O and never follows anything that a token says about where keys are;
// the algorithm belongs to the key, not to the token. A token that is certainly bad (ErrInvalid) is
// told apart from one whose key is not known here yet (ErrUnknownKey), because only the former may
// ever end a client's session. Whether a token's session still lives is not asked here.
//
// Next: api/authenticate.go and api/authz.go ask that; api/socket.go takes tickets.
package token
