// Package wire turns what nodes say to each other into bytes and back.
//
// The main type is Envelope: version, kind, question, sender and addressee around one body. It travels
// as google.protobuf.BytesValue, the one message type that every version of the program registers,
// because protoactor crashes on a type that it does not know. Bodies are made by the Append functions.
//
// Promise: fields are numbered and never renumbered; a field that is not known is passed over, one that is missing
// is zero, so the previous version and the next one understand each other. Whatever bytes come in, the
// answer is a value or an error, never a panic.
//
// Next: fields.go for how a type is described once for both directions, command.go for the commands;
// actors/peers.go sends envelopes and actors/reception.go takes them.
package wire
