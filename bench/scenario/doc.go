// Package scenario does to a Hotseat what employees, tabs and backends do, and measures it: ramps of
// sockets, takeovers, storms, checks, refreshes, a day at work, the death of a node.
//
// The main type is Options; its Run does one scenario and answers a report.Result, also of a run that
// was cut short.
//
// Promise: what is prepared is not measured; a server that is gone ends the run within GiveUp; and
// a result says when this program was the limit and not the server.
//
// Next: run.go for the order of a run, takeover.go for the scenario that matters most.
package scenario
