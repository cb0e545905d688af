// Package hubtest is the conformance suite for socket engines: what a Hub says, closes and refuses,
// seen from outside by a client that this project did not write and by raw bytes.
//
// The main function is Run: give it a way to start a Hub behind a listener and it runs every case.
// Floor stands in for everything behind the hub: employees with the real rules and no store, a real
// view of ended sessions, and a gate with tokens that a test can read.
//
// Promise: a case names one thing that the contract says, and fails when an engine does otherwise;
// no case sleeps, and none depends on which engine it runs over.
//
// Next: suite.go lists the cases; hub/conformance_test.go runs them over the engines. hubtest/echo holds
// the frames alone against the cases of Autobahn.
package hubtest
