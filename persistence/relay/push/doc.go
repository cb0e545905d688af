// Package push sends events to a receiver one request at a time for each employee.
//
// The main type is Sink. What a request looks like, and what an answer means, is the protocol's: webhook,
// setevent and backchannel each bring a Protocol.
//
// Promise: an employee's events arrive in order, whatever fails; one that the receiver refuses, or fails
// at for too long, becomes a dead letter, which is kept, and does not hold back the others for ever.
//
// Next: sink.go, then the protocols.
package push
