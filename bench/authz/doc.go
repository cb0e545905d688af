// Command authz measures GET /v1/authz at level local, on the built binary and with wrk as the
// gateway, against an empty net/http handler.
//
// The main type is contender, one of the two servers in a process of its own.
//
// Promise: both answer the same requests from the same client in the same run, in turns, and each
// figure is the median of its rounds. What counts are the ratios: both servers share the machine with
// wrk, so the rates themselves say little of another machine.
//
// Next: contender.go for what is asked of whom.
package main
