// Package clock gives every part of a node the store's time without asking the store each time: the
// local monotonic clock plus the offset last measured.
//
// The main type is Clock.
//
// Promise: Now never goes back, and never depends on the local wall clock once the store was asked.
//
// Next: session.Time; persistence/store's Now is what is measured.
package clock
