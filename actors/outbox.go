package actors

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

const (
	// maxQueued is how many messages to one address may wait to be taken. One more is lost: whoever asks
	// hears that the node is silent.
	maxQueued = 2 * maxAsks
	// takes is how long Disconnect waits for the library to take what was sent.
	takes = time.Second
)

// outboxes send to other nodes, to each address in order and on a goroutine of its own. While the library
// is making a connection it may keep a sender waiting, without a bound: that must cost neither who asks
// for a deadline nor other addresses. Any goroutine may call its methods.
type outboxes struct {
	root    *actor.RootContext
	log     *slog.Logger
	senders sync.WaitGroup
	late    atomic.Bool // close has returned: the library may be gone

	mu     sync.Mutex // of what follows
	boxes  map[string]*outbox
	closed bool
}

type outbox struct {
	queue chan sending
	owed  atomic.Int32 // messages in queue, and the one that the library is taking; grows under mu
}

type sending struct {
	to      *actor.PID
	message any
}

func newOutboxes(root *actor.RootContext, log *slog.Logger) *outboxes {
	return &outboxes{root: root, log: log, boxes: map[string]*outbox{}}
}

// send does not wait. When the outbox is full, or all are closed, the message is lost.
func (o *outboxes) send(address, actorName string, message any) (full bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	box := o.boxes[address]
	if box == nil {
		box = &outbox{queue: make(chan sending, maxQueued)}
		o.boxes[address] = box
		o.senders.Go(func() { o.deliver(box) })
	}
	select {
	case box.queue <- sending{actor.NewPID(address, actorName), message}:
		box.owed.Add(1)
		return false
	default:
		return true
	}
}

func (o *outboxes) deliver(box *outbox) {
	for s := range box.queue {
		if !o.late.Load() {
			o.give(s)
		}
		box.owed.Add(-1)
	}
}

// give hands a message to the library, which panics when it was stopped meanwhile. The message is lost,
// as it is when it does not reach its node.
func (o *outboxes) give(s sending) {
	defer func() {
		if p := recover(); p != nil && !o.late.Load() {
			o.log.Error("sending to another node panicked", crashOf(p).attributes())
		}
	}()
	o.root.Send(s.to, s.message)
}

// keep closes the outboxes of addresses that nobody has any more, and that are owed nothing: a second
// sender to an address would overtake the first.
func (o *outboxes) keep(peers []Peer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for address, box := range o.boxes {
		if box.owed.Load() == 0 && !slices.ContainsFunc(peers, func(p Peer) bool { return p.Address == address }) {
			close(box.queue)
			delete(o.boxes, address)
		}
	}
}

// close returns when everything was taken, or time is up. A sender that waits for the library then goes
// with the process; what is left in its outbox is lost.
func (o *outboxes) close() {
	o.mu.Lock()
	o.closed = true
	for _, box := range o.boxes {
		close(box.queue)
	}
	clear(o.boxes)
	o.mu.Unlock()
	done := make(chan struct{})
	go func() { o.senders.Wait(); close(done) }()
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	o.late.Store(true)
}
