// Command nodes measures what a cluster costs as nodes, employees and logins are added: at rest, for each
// login, and for each node that only reads the log; `make bench-nodes` runs it, and docs/scaling.md quotes
// it.
//
// The main function is run: for each size a cluster of processes on one PostgreSQL, both its own.
//
// Promise: figures are CPU time and counts of the database's own, which do not depend on how busy the
// machine is otherwise; every login must succeed, or there is no figure.
//
// Next: main.go; bench/suite for one node in detail.
package main
