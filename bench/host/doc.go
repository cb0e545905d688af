// Package host looks at the machine that a benchmark runs on: processes, their CPU time and memory,
// and what the machine is.
//
// The main type is Process. Everything is read from /proc; elsewhere than on Linux it is an error
// that says so, and reports have no such figures.
//
// Promise: only looks, never changes anything.
//
// Next: process.go, listener.go; bench/scenario samples them.
package host
