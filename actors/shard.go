package actors

import (
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hotseat-hub/hotseat/session"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	// Shards is how many fixed, named actors hold the employees of a node: hub/0 … hub/63.
	Shards = 64
	// maxOutstanding is how many commands one employee may owe answers to. One more is refused with
	// ErrOverloaded, so that one employee's flood costs nobody else. Sockets that go away are never
	// refused: there are no more of them than were attached.
	maxOutstanding = 256
)

// shard holds the employees whose key hashes to it. All of its fields are its actor's alone.
type shard struct {
	system    *System
	number    uint64
	pid       *actor.PID
	employees map[session.Key]*entry
	wheel     wheel
	props     *actor.Props // of the employees
	spawned   uint64
	// asleep are the employees that have no actor: in memory, and in employees or here.
	asleep sleepers
	nodes  nodeNumbers
}

// entry is the shard's record of one employee's actor.
type entry struct {
	pid         *actor.PID
	key         session.Key
	outstanding atomic.Int32 // commands forwarded and not answered; answered on any goroutine
	forwarded   uint32       // commands and visits forwarded ever
	due         int64        // second of the next visit
	next        *entry       // in the wheel's slot
	at          **entry      // what points to it there; nil while it is in no slot
}

// Messages to a shard besides *Request.
type (
	// beat turns the wheel.
	beat struct{ now time.Time }
	// wake asks for an earlier visit.
	wake struct {
		key session.Key
		at  session.Time
	}
	// rested is what an employee says after a command or a visit: it may be forgotten unless something
	// was forwarded meanwhile.
	rested struct {
		from      *actor.PID
		forwarded uint32
	}
	// visit is what the wheel sends to an employee.
	visit struct{ forwarded uint32 }
)

func newShard(s *System, n int) *shard {
	sh := &shard{system: s, number: uint64(n), employees: make(map[session.Key]*entry)}
	lean := actor.WithMailbox(func() actor.Mailbox { return &mailbox{workers: s.workers} })
	sh.props = actor.PropsFromProducer(func() actor.Actor { return &employeeActor{shard: sh} }, lean, actor.WithGuardian(s.guardian))
	props := actor.PropsFromProducer(func() actor.Actor { return sh }, lean, actor.WithGuardian(s.steadfast))
	pid, err := s.actors.Root.SpawnNamed(props, nameOfShard(uint64(n)))
	if err != nil {
		panic("shard names are unique: " + err.Error())
	}
	sh.pid = pid
	return sh
}

// nameOfShard is where other nodes find it.
func nameOfShard(n uint64) string { return "hub/" + strconv.FormatUint(n, 10) }

// nameOfEmployee carries the key, which a restarted instance needs, and a number, because a stopped
// namesake may not have left the registry yet. No key contains what stands between them, and no other
// actor's name does: an employee may be called hub.
func nameOfEmployee(key session.Key, number uint64) string {
	return string(key) + afterKey + strconv.FormatUint(number, 36)
}

const afterKey = "#"

// keyOf is the key in an employee's actor's name.
func keyOf(pid *actor.PID) session.Key {
	key, _, _ := strings.Cut(pid.Id, afterKey)
	return session.Key(key)
}

func shardName(key session.Key) string { return nameOfShard(shardOf(key)) }

// Receive implements actor.Actor.
func (sh *shard) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *Request:
		sh.forward(m)
	case beat:
		sh.wheel.turn(m.now.Unix(), sh.visit)
		sh.lookAtSleepers(m.now.Unix())
	case wake:
		sh.wakeAt(m)
	case rested:
		sh.passivate(m)
	case dozed:
		sh.putToSleep(m)
	case *wrapperspb.BytesValue:
		sh.remote(m)
	case nodesLost:
		sh.nodesLost(m)
	}
}

func (sh *shard) forward(r *Request) {
	e := sh.employees[r.key]
	if e == nil {
		var done bool
		if e, done = sh.rouse(r); done {
			return
		}
	}
	r.entry = e
	if e.outstanding.Add(1) > maxOutstanding && !soft(r.Command) {
		sh.system.refused()
		r.answer(session.Reply{}, session.ErrOverloaded)
		return
	}
	e.forwarded++
	r.forwarded = e.forwarded
	sh.system.actors.Root.Send(e.pid, r)
}

// activate spawns the employee's actor. A name that somebody has costs a number, not the login.
func (sh *shard) activate(key session.Key) *entry {
	var pid *actor.PID
	for err := actor.ErrNameExists; err != nil; {
		sh.spawned++
		if pid, err = sh.system.actors.Root.SpawnNamed(sh.props, nameOfEmployee(key, sh.spawned)); err != nil && !errors.Is(err, actor.ErrNameExists) {
			panic("an employee's actor is spawned: " + err.Error())
		}
	}
	e := &entry{pid: pid, key: key}
	sh.employees[key] = e
	sh.wheel.add(e, sh.system.nextVisit())
	return e
}

// visit asks the employee to expire what is due and to say whether it may be forgotten.
func (sh *shard) visit(e *entry) {
	e.forwarded++ // the answer to an earlier visit does not count any more
	sh.system.actors.Root.Send(e.pid, visit{forwarded: e.forwarded})
	sh.wheel.add(e, sh.system.nextVisit())
}

func (sh *shard) wakeAt(m wake) {
	e := sh.employees[m.key]
	if e == nil {
		return
	}
	// Round up: a visit in the second before finds nothing due.
	if at := sh.system.wall(m.at) + 1; at < e.due {
		sh.wheel.remove(e)
		sh.wheel.add(e, at)
	}
}

// passivate forgets an employee that rests: first the map entry, then a poison pill, which queues
// behind everything that was forwarded.
func (sh *shard) passivate(m rested) {
	if sh.leave(m.from, m.forwarded) {
		sh.system.resident.Add(-1)
	}
}

// leave ends an employee's actor, unless something was forwarded to it since it said that it may go.
func (sh *shard) leave(from *actor.PID, forwarded uint32) bool {
	key := keyOf(from)
	e := sh.employees[key]
	if e == nil || !e.pid.Equal(from) || e.forwarded != forwarded || e.outstanding.Load() != 0 {
		return false
	}
	delete(sh.employees, key)
	sh.wheel.remove(e)
	sh.system.actors.Root.Poison(e.pid)
	return true
}
