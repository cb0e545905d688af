// Package history keeps what clients of a Hotseat saw: every login, use of a token, notice, refresh
// and logout, with the times at which the client asked and was answered.
//
// The main type is Operation, one line of a file that a Recorder writes and a Reader reads. A file
// is JSON Lines: the first line is its Header with the format's version, each further line one
// operation, in the order in which they were recorded, which need not be that of their times.
//
// Promise: what was recorded before a crash of the recording program, its last 64 KiB excepted, can
// be read; a torn last line is reported and costs only itself. Neither side holds more than a line
// and a buffer in memory, however long the history is.
//
// Next: operation.go for the fields, recorder.go, then bench/verify, which checks a history.
package history
