// Package sim is a simulator of the owners of employees: one seed, one history.
//
// The main function is Run. It drives the production driver (actors.Employee, and with it
// session.Step) against a store that delays, fails, loses answers and commits late, against nodes
// that crash and owners that do not know that they are owners no more, against nodes that announce their sockets
// late, twice or to the wrong owner, against sockets that miss
// and repeat notices, and against terminals that retry. Time is virtual and everything runs in one
// goroutine, so that a seed always gives the same history.
//
// Promise: after every step the history is held against S1 to S5 of docs/GUARANTEES.md; the first
// violation comes back with the seed, the step and the last lines of the history. Bugs that can be
// planted show that the checks bite.
//
// Next: world.go has the clock and the dice, store.go and node.go what the driver sees, check.go
// what must hold.
package sim
