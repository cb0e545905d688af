// Command cluster starts three nodes on one PostgreSQL on this machine, both made for the occasion, and
// prints how to see them work; `make cluster` runs it.
//
// The main function is run: database, employees, nodes, then it waits for Ctrl-C.
//
// Promise: nothing is left behind when it ends, however it ends, and nothing listens beyond loopback.
//
// Next: docs/clusters.md for the same on several machines.
package main
