// Package crowd holds very many WebSockets of terminals in one process, cheaply enough to leave the
// machine to the server that is measured.
//
// The main type is Crowd. On Linux its sockets live in shards: a locked thread each, with an epoll and
// a table of descriptors of its own, so the limit of open files holds for a shard and not for the
// process. TLS, and other systems, get a goroutine for each socket.
//
// Promise: a socket behaves as a terminal of the contract does: it answers pings, acknowledges the
// end of its session and answers the close; and whatever happens to it is told once, with the time.
//
// Next: shard_linux.go for a shard, talk.go for what a socket says, limits.go for what a machine holds.
package crowd
