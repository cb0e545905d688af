// Package hub keeps the sockets of one node: it takes WebSocket connections, tells them that their
// session has ended, and closes them.
//
// The main type is Hub. What is said on a socket is a conversation, a state machine without I/O;
// what carries its bytes is an engine. The engine here spends a goroutine on each connection and
// serves every system, and TLS; another one can stand behind the same Hub.
//
// A terminal that no WebSocket reaches subscribes instead, and hears the same by plain HTTP: see
// Subscribe.
//
// Promise: a socket is in the index before the view of ended sessions is asked for it, so nobody
// stays connected and unaware. After session_terminated nothing else is said and nothing but the ack
// is heard. No method that actors call ever waits for a socket. Every buffer has a bound.
//
// Next: serve.go takes a request, conversation.go says what may follow what, attach.go has the order
// of an attach, tell.go the way of a notice; hub/enforce is the backstop for notices that got lost.
package hub
