package actors

import (
	"bytes"
	"math"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/hotseat-hub/hotseat/session"
)

// dozed is what an employee says after a command or a visit: its actor may go if nothing was forwarded
// meanwhile, and this is what it knows.
type dozed struct {
	from      *actor.PID
	forwarded uint32
	rest      Rest
}

// putToSleep keeps what an employee knows, and ends its actor.
func (sh *shard) putToSleep(m dozed) {
	record := sh.pack(&m.rest)
	if len(record) <= maxRecord-2 && sh.leave(m.from, m.forwarded) {
		sh.lay(keyOf(m.from), &m.rest, record)
	}
}

// lay puts a record among the sleepers.
func (sh *shard) lay(key session.Key, r *Rest, record []byte) {
	due := int64(math.MaxInt64)
	if at := r.due(sh.system.options.IdleAfter); at != 0 {
		due = sh.system.wall(at) + 1 // round up, see wakeAt
	}
	sh.asleep.add(sleepHash(key), record, due)
	sh.system.asleep.Add(1)
}

// lift takes a record from the sleepers.
func (sh *shard) lift(at int) {
	sh.asleep.remove(at)
	sh.system.asleep.Add(-1)
}

// sleepHash differs from shardOf in the bits that all of a shard's employees have in common.
func sleepHash(key session.Key) uint32 { return uint32(mixed(key) >> 32) }

func (sh *shard) findAsleep(key session.Key) (at int, record []byte) {
	return sh.asleep.find(sleepHash(key), func(record []byte) bool { return recordOf(record, key) })
}

// rouse makes an actor for an employee that has none, and gives it what is known. A soft command is
// done without: when thousands of sockets go at once, nobody needs to get up for that.
func (sh *shard) rouse(r *Request) (e *entry, done bool) {
	at, record := sh.findAsleep(r.key)
	if at < 0 {
		if _, gone := r.Command.(session.Detach); gone { // nobody here knows that socket
			r.answer(session.Reply{}, nil)
			return nil, true
		}
		sh.system.resident.Add(1)
		return sh.activate(r.key), false
	}
	rest, err := sh.unpack(record)
	if known, ok := r.Command.(announcement); ok && err == nil && rest.holds(known.handles) {
		r.answer(session.Reply{}, nil) // announced once more, as every socket is now and then
		return nil, true
	}
	sh.lift(at)
	if err != nil {
		sh.system.options.Log.Error("a sleeping employee's record is broken; its row is read instead", "error", err)
		return sh.activate(r.key), false
	}
	if soft(r.Command) {
		if reply, ok := rest.take(r.Command, sh.system.options.Clock.Now()); ok {
			if record = sh.pack(&rest); len(record) <= maxRecord-2 {
				sh.lay(r.key, &rest, record)
				r.answer(reply, nil)
				return nil, true
			}
		}
	}
	e = sh.activate(r.key)
	sh.system.actors.Root.Send(e.pid, rest)
	return e, false
}

// lookAtSleepers wakes those whose session expires, and forgets those that nobody needs.
func (sh *shard) lookAtSleepers(now int64) {
	due := sh.asleep.due(uint32(now))
	for i := range due { // of which each is moved or removed below
		due[i] = bytes.Clone(due[i])
	}
	for _, record := range due {
		sh.lookAt(record)
	}
}

func (sh *shard) lookAt(record []byte) {
	rest, err := sh.unpack(record)
	key := rest.state.ID.Key()
	at, _ := sh.findAsleep(key)
	if at < 0 {
		return
	}
	sh.lift(at)
	now, idle := sh.system.options.Clock.Now(), sh.system.options.IdleAfter
	expiry := rest.state.NextExpiry()
	switch {
	case err == nil && expiry != 0 && expiry <= now:
		e := sh.activate(key) // which asks for the visit that expires it
		sh.system.actors.Root.Send(e.pid, rest)
	case err != nil, now.Sub(rest.touched) >= idle && rest.state.Idle(now):
		sh.system.resident.Add(-1)
	default:
		sh.lay(key, &rest, record)
	}
}
