// Package client talks to a running Hotseat as its commands do: over the wire contract, knowing
// nothing of the server's inside.
//
// The main types are Client, one method per route, and Watch, which holds a terminal's socket open
// and tells what arrives.
//
// Promise: every error is a *Problem (the server answered), an *Unreachable (nobody did) or a *Refused
// (the socket was closed for good), and ExitCode knows each. A Watch comes back after every close that
// the contract calls retryable, and after no other.
//
// Next: cmd/hotseat has one command per file that calls this; api/openapi.json and api/asyncapi.json
// state what is called.
package client
