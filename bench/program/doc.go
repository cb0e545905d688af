// Package program builds Hotseat's binary and runs it in a process of its own, for benchmarks and
// conformance suites that look at it from outside.
//
// The main type is Node: one run of `hotseat serve` on loopback ports of the kernel's choice. It ends
// with the process that started it, even when that one is killed.
//
// Promise: the binary is made as `make build` makes it, sees no setting of Hotseat's from the
// environment but those given, and Start returns when it is ready or says what the binary said.
//
// Next: node.go; bench/host measures the process.
package program
