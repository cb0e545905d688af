// Package webhook is the protocol of Standard Webhooks: a structured CloudEvent, signed, by POST.
//
// The main type is Protocol, for relay/push.
//
// Promise: the headers webhook-id, webhook-timestamp and webhook-signature let a receiver know who sent a
// body, when, and whether it has seen it; every repeat has the same id.
//
// Next: relay/push for what happens when a receiver does not answer well.
package webhook
