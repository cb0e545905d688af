// Command million measures what connected employees cost inside one process: each has logged in once
// and has one attached handle, and no socket, so that the number is not bounded by descriptors. It
// prints resident memory as employees come, and after each step of the way the CPU time of one full
// garbage collection.
//
// The main function is run: it logs employees in through actors.System over a store that keeps
// nothing, waits until they are quiet, and asks the kernel and the runtime.
//
// Promise: what a login brings is as long as what browsers send, and belongs to that employee alone;
// nothing is counted that a real store or socket would hold.
//
// Next: docs/performance.md for what was measured; actors/doc.go for how employees are kept.
package main
