// Package api is Hotseat's HTTP surface: logins, sessions, enforcement for other backends and the
// operators' routes, and the gate that sockets come in by.
//
// The main type is API. routes.go holds the one table of routes; the router, the 405 answers,
// preflights and roles are derived from it, and tests hold openapi.json against it.
//
// Promise: every own route that takes an access token asks the store before it acts, so that a
// session ended before the request began is refused; only authz at level local answers from the
// node's view, and says how old that is. Streams of events and polls ask the session's owner, as
// sockets do, and a session that has ended is their first message. Bad input changes nothing and is told what was wrong with
// it, as application/problem+json; a 5xx never means that a session has ended. Secrets do not reach
// logs, problems or metrics.
//
// Next: login.go for the product's main job, problem.go for every error's status, token for what
// the credentials are, and hub for sockets once they are in.
package api
