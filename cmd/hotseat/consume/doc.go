// Package consume reads events of login systems from Kafka: to show them, or to enforce them here.
//
// The main type is Consumer, which hands each record as an Event to a Handler. Printer shows events as
// the original's command did; Enforcer turns logins elsewhere into takeovers here.
//
// Promise: an offset is committed only after the handler has done what the record asks for, or after the
// record is in the dead-letter topic; what is handled twice ends nothing twice.
//
// Next: event.go for the forms of events that are understood, enforce.go for what is believed, and
// cmd/hotseat/consume_events.go for the command.
package consume
