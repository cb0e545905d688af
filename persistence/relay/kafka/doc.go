// Package kafka writes the log's events to Kafka, and knows how to read them and others'.
//
// The main type is Sink: one transaction per page of events, under a transactional id that all leaders
// share, so that a former leader is fenced by the broker. Connection says how a broker is reached, for
// the sink and for whoever consumes.
//
// Promise: Deliver returns nil only when all in-sync replicas have the page; who reads committed records
// sees a page once, unless its delivery was repeated, and then under the same ids.
//
// Next: records.go for what a record looks like, pos.go for the flat format of the original, dev.go for
// the broker of a development machine.
package kafka
