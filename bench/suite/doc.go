// Command suite is `make bench`: it builds the program, runs it on a PostgreSQL of its own and on the
// embedded store, does all scenarios of bench/scenario and the other benchmarks to it, and rewrites
// docs/performance.md, its plots and its raw JSON.
//
// The main type is suite, one whole run.
//
// Promise: what is compared was measured in the same run, where it can be in turns; a figure that
// could not be measured is left out and said so, never carried over from another run. What people
// wrote beside a target stays.
//
// Next: measure.go for the order, targets.go for what must be reached, least.go for the
// least program that does the same, kafka.go for what events cost.
package main
