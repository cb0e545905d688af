// Package relay carries the log's events to whoever wants them: Kafka, webhooks, standard security
// event receivers, a terminal.
//
// The main type is Relay. It leads for one node at a time, and has a courier per Sink, which reads the
// log in the order of commits, delivers, and moves the sink's mark behind what was delivered.
//
// Promise: every event reaches every sink at least once, in order for each employee, and a repeat has
// the same id; logins never wait for a sink. What a sink has not taken stays in the log, up to the
// longest retention; past that the sink is lost, which is an alarm, and goes on from the present.
//
// Next: event.go for what an event looks like, courier.go for one sink's way, relay/kafka,
// relay/webhook, relay/setevent and relay/backchannel for the sinks.
package relay
