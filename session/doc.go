// Package session holds the rules of Hotseat: who may sit where, and what a command changes.
//
// The main type is State, what the owner of an employee knows, and its only way forward is
// Step(state, now, command): no clock, context, goroutine, log or I/O. It answers with the next
// State and a Change whose field order is the order of execution.
//
// Promise: a Change never makes more active sessions than the policy allows, the epoch never goes
// back, every change of the set of sessions comes with its events, and an input State is never
// modified. State.Check states the invariants; the scenarios under testdata show the rules in words.
//
// Next: actors/employee.go drives Step (decide, commit, tell); persistence stores an Employee and
// its events; hub writes a Notice to the older terminal.
package session
