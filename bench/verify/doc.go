// Package verify holds a history of what clients saw against the promises S1 to S5 and L1.
//
// The main function is File. It sorts the history by employee into temporary files, reads one of
// them at a time, and asks each rule about each employee: seats.go (S1), tokens.go (S2), logins.go
// (S3), epochs.go and sockets.go (S4), events.go (S5), latency.go (L1). register.go asks the same
// once more of porcupine, a linearizability checker that knows nothing of these rules.
//
// Promise: what is called a violation is one whatever the unknown operations did, with the lines that
// show it; what could not be decided is said to be undecided; the report counts what each rule looked
// at, so that a pass over nothing is seen. Memory is bounded by the busiest employee's operations.
//
// Next: book.go for what is concluded from an employee's operations.
package verify
