// Command spine measures the product's main job on the built binary: a trusted login over HTTP
// that is durable, ends the older session, and is read by the older tab.
//
// The main type is run, one store with the binary on it.
//
// Promise: each figure comes with what it is compared with from the same run: CPU seconds are the
// processes' own, and a notice's latency stands beside the latency of one durable commit by the
// same store, measured in turns with it.
//
// Next: measure.go for the order of a run, kafka.go for what events cost, docs/performance.md for the figures.
package main
