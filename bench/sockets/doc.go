// Command sockets measures what a socket costs: process memory while it is idle, CPU time of the
// server for an authenticated handshake, and frames per second to all of them against a bare write
// loop, for both engines of package hub in one run.
//
// The main function is measure: it starts this program again as the server, with an engine or with
// the bare loop, and is the clients itself, so that the server's memory and CPU are its own.
//
// Promise: server and clients share the machine and the run; owners and gate answer at once, so the
// figures are the engine's alone.
//
// Next: server.go is the other process; hub/doc.go says what the engines are.
package main
