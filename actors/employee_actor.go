package actors

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hotseat-hub/hotseat/session"
)

// errPanicked answers the command that made its employee panic, and those that waited behind it.
var errPanicked = errors.New("employee restarted")

// employeeActor is the shell of an Employee: it joins it to the actor system and is its Env. After
// a panic the library makes a new one, which reads the row again.
type employeeActor struct {
	*Employee
	shard *shard
	self  *actor.PID
	heard uint32 // entry.forwarded of the last command or visit that came
}

// Receive implements actor.Actor.
func (a *employeeActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.self = ctx.Self()
		a.Employee = NewEmployee(keyOf(a.self), a)
	case *actor.Restarting, *actor.Stopping:
		a.Abandon(errPanicked)
	case Rest:
		a.Resume(m)
	case visit:
		a.heard = m.forwarded
		a.take(Tick{})
		if at := a.touched.Add(a.shard.system.options.SleepAfter); at > a.Now() {
			a.Wake(at) // the next routine visit may be nearly as long after that
		}
	case *Request:
		a.heard = m.forwarded
		a.take(m)
	case loaded, committed, found:
		a.take(m)
	}
}

// take goes on with a message, and leaves when nothing keeps this actor any more.
func (a *employeeActor) take(message any) {
	a.Employee.Receive(message)
	if a.Resting(a.shard.system.options.IdleAfter) {
		a.send(a.shard.pid, rested{from: a.self, forwarded: a.heard})
	} else if rest, ok := a.Doze(a.shard.system.options.SleepAfter); ok {
		a.send(a.shard.pid, dozed{from: a.self, forwarded: a.heard, rest: rest})
	}
}

func (a *employeeActor) send(to *actor.PID, message any) {
	a.shard.system.actors.Root.Send(to, message)
}

// Post implements Env.
func (a *employeeActor) Post(message any) { a.send(a.self, message) }

// Now implements Env.
func (a *employeeActor) Now() session.Time { return a.shard.system.options.Clock.Now() }

// Load implements Env.
func (a *employeeActor) Load(key session.Key, done func(session.Employee, error)) {
	a.shard.system.options.Store.Load(key, done)
}

// Commit implements Env.
func (a *employeeActor) Commit(key session.Key, expected session.Version, c *session.Change, done func(error, bool)) {
	a.shard.system.options.Store.Commit(key, expected, c, done)
}

// FindKey implements Env.
func (a *employeeActor) FindKey(key session.Key, hash [16]byte, since session.Time, done func(*session.KeyRecord, error)) {
	a.shard.system.options.Store.FindKey(key, hash, since, done)
}

// Ended implements Env.
func (a *employeeActor) Ended(events []session.Event) {
	if len(events) > 0 {
		a.shard.system.ended(events)
	}
}

// Tell implements Env.
func (a *employeeActor) Tell(told []session.Told, deliveries []*session.Delivery, since time.Time) {
	a.shard.system.tell(told, deliveries, since)
}

// CloseSurplus implements Env.
func (a *employeeActor) CloseSurplus(closes []session.Close) {
	for _, c := range closes {
		a.shard.system.closeSurplus(c.Socket)
	}
}

// Sockets implements Env.
func (a *employeeActor) Sockets(id session.ID) []session.Socket {
	return a.shard.system.options.Gateway.Sockets(id)
}

// Wake implements Env.
func (a *employeeActor) Wake(at session.Time) { a.send(a.shard.pid, wake{key: a.key, at: at}) }

// Broken implements Env.
func (a *employeeActor) Broken(error) { a.shard.system.metrics.broken.Inc() }

// MemoryIsFresh implements Env.
func (a *employeeActor) MemoryIsFresh(synced session.Time) bool {
	return a.shard.system.memoryIsFresh(a.key, synced)
}
