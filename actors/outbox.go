package actors

import (
	"slices"
	"sync"
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
	mu      sync.Mutex
	boxes   map[string]chan sending
	senders sync.WaitGroup
	closed  bool
}

type sending struct {
	to      *actor.PID
	message any
}

func newOutboxes(root *actor.RootContext) *outboxes {
	return &outboxes{root: root, boxes: map[string]chan sending{}}
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
		box = make(chan sending, maxQueued)
		o.boxes[address] = box
		o.senders.Go(func() {
			for s := range box {
				o.root.Send(s.to, s.message)
			}
		})
	}
	select {
	case box <- sending{actor.NewPID(address, actorName), message}:
		return false
	default:
		return true
	}
}

// keep closes the outboxes of addresses that nobody has any more.
func (o *outboxes) keep(peers []Peer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for address, box := range o.boxes {
		if len(box) == 0 && !slices.ContainsFunc(peers, func(p Peer) bool { return p.Address == address }) {
			close(box)
			delete(o.boxes, address)
		}
	}
}

// close returns when everything was taken, or time is up; a sender that waits for the library still goes
// with the process, and sends nothing more.
func (o *outboxes) close() {
	o.mu.Lock()
	o.closed = true
	for _, box := range o.boxes {
		close(box)
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
}
