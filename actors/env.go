package actors

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Env is everything an Employee asks of its surroundings. The done functions may be called on any
// goroutine; they Post the outcome, which comes back through Receive.
type Env interface {
	Now() session.Time
	// Post sends a message to this employee's own mailbox. Any goroutine may call it.
	Post(message any)
	Load(key session.Key, done func(session.Employee, error))
	Commit(key session.Key, expected session.Version, change *session.Change, done func(err error, alone bool))
	FindKey(key session.Key, hash [16]byte, since session.Time, done func(*session.KeyRecord, error))
	// Ended adds committed endings to this node's view; it returns before the reply goes out.
	Ended(events []session.Event)
	// Tell sends each notice to its socket and reports what became of it to the delivery of the
	// same index. It does not block.
	Tell(told []session.Told, deliveries []*session.Delivery, since time.Time)
	// CloseSurplus closes sockets that are too many for their session. It does not block.
	CloseSurplus(closes []session.Close)
	// Sockets are this node's sockets of a session, for an owner that has no handles yet.
	Sockets(id session.ID) []session.Socket
	// Wake asks for a Tick at that time, or earlier.
	Wake(at session.Time)
	// Broken reports a state that the rules' own check refuses, just before the panic.
	Broken(err error)
	// MemoryIsFresh reports whether an answer that writes nothing may come from memory that was in
	// step with the row at that time.
	MemoryIsFresh(synced session.Time) bool
}
