// Package load offers operations to a server at a pace, and times them honestly.
//
// The main type is Pace: its Run begins operations in a closed loop (so many at once) or at a rate.
// At a rate an operation's time counts from when it was to begin, so a server that stalls is charged
// for everything that would have been asked meanwhile (no coordinated omission). Recorder collects
// durations in histograms, for the whole run and for each window of it.
//
// Promise: what the load generator itself spoils is seen: Offered says how late operations began
// although a worker was free, and which waited because all workers were busy with the server.
//
// Next: pace.go for the loops, recorder.go for what is kept; bench/scenario drives both.
package load
