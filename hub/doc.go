// Package hub keeps the sockets of one node: it takes WebSocket connections, tells them that their
// session has ended, and closes them.
//
// The main type is Hub. What is said on a socket is a conversation, a state machine without I/O;
// what carries its bytes is an engine. There are two behind every Hub: shards hold plain TCP
// connections on Linux, without a goroutine or a heap object for one that is idle; goroutines hold TLS,
// and everything on other systems. Both run the same conversation.
//
// Promise: a socket is in the index before the view of ended sessions is asked for it, so nobody
// stays connected and unaware. After session_terminated nothing else is said and nothing but the ack
// is heard. No method that actors call ever waits for a socket. Every buffer has a bound.
//
// Next: serve.go takes a request, conversation.go says what may follow what, attach.go has the order
// of an attach, tell.go the way of a notice. shard_linux.go is a shard, arrival_linux.go how a connection becomes a
// socket there, slab.go how it sleeps, port_linux.go how net/http shares the port; hub/enforce is the backstop for notices that got lost.
package hub
