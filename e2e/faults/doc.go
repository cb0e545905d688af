// Package faults puts the built program under the faults that a site has, and checks by what clients
// saw that every promise held.
//
// The main types are site (PostgreSQL and nodes, each in a network namespace of its own, so that any
// of them can be cut off), crowd (employees who log in, reload, watch their sockets and use old
// tokens all the while), and row, one fault of the table: it records the crowd's history, injects,
// and has bench/verify check it.
//
// Promise: processes, database, network and signals are real; the broker is kfake, as a process on a
// host of its own. Where a fault has no handle outside (a crash between commit and notice), the binary
// under test is the one built with the tag faults; the planted tests show with the same binary that each
// check finds a broken program.
//
// Next: rows_test.go, the table; docs/GUARANTEES.md for what it has found.
package faults
