// Package storetest is what every store must do, as tests that run over any of them.
//
// The main function is Run: the suite over an opener. Failing wraps a store so that every call goes
// wrong in turn, and the suite must pass over it too: what the suite's subject does about it
// (ask again, read the row when the outcome is unknown) is what the product does. Workload is for crash
// tests: it knows what was acknowledged.
//
// Promise: nothing here knows which store it tests.
//
// Next: persistence/embedded and persistence/postgres run it, with the faults that are theirs alone.
package storetest
