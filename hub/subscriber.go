package hub

import (
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Subscriber is a terminal that hears its session by plain HTTP, because no WebSocket gets through to
// it. It has a conversation like any socket, and so hears and counts the same; in place of the wire
// there are parcels, which one reader fetches (Changed, Take), writes, and answers for (Wrote, Leave).
// The hub may call turn from any goroutine; the other methods are the reader's.
type Subscriber struct {
	id      uint64
	all     *subscribers
	via     Transport
	changed chan struct{} // one place; full: there is something new to take

	mu      sync.Mutex // of all below
	talk    conversation
	timer   *time.Timer
	wound   time.Duration // the deadline that timer is for
	parcels []parcel      // not written yet: at most maxParcels, then it is closed as slow
	refusal Refused       // what a conversation that never got to live said at its end
	left    bool          // the reader has gone
	gone    bool
}

// parcel is a message on its way, and whose notices it carries.
type parcel struct {
	Message
	follows []follow
}

// maxParcels bounds what waits for a reader. Few messages are ever said: established, the end,
// draining, and a test now and then.
const maxParcels = 16

// Changed is ready when Take may have something new. One reader may wait.
func (s *Subscriber) Changed() <-chan struct{} { return s.changed }

// Take is all that was not written yet, and whether it is the last.
func (s *Subscriber) Take() (messages []Message, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.parcels {
		messages = append(messages, s.parcels[i].Message)
	}
	return messages, s.talk.phase >= told
}

// Wrote says that the first n of the messages taken were given to the kernel.
func (s *Subscriber) Wrote(n int) {
	s.mu.Lock()
	var sent []follow
	for i := range s.parcels[:n] {
		sent = append(sent, s.parcels[i].follows...)
	}
	s.parcels = s.parcels[n:]
	s.mu.Unlock()
	s.all.hub.report(session.Sent, sent)
}

// Leave says that nobody reads any more. A conversation that has told the end stays for a while
// without a reader, so that the terminal's ack finds it.
func (s *Subscriber) Leave() {
	s.mu.Lock()
	if s.left {
		s.mu.Unlock()
		return
	}
	s.left = true
	var unsent []follow
	for i := range s.parcels {
		unsent = append(unsent, s.parcels[i].follows...)
	}
	over := s.talk.phase != told || len(s.parcels) > 0
	s.parcels = nil
	if over {
		s.finish()
	}
	s.mu.Unlock()
	s.all.readers[s.via].Add(-1)
	s.all.hub.report(session.Offline, unsent)
	if over {
		s.all.forget(s)
	}
}

// turn lets the conversation take one input and does what it says. False when the subscriber is gone.
func (s *Subscriber) turn(t turn) bool {
	hub := s.all.hub
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return false
	}
	var out output
	t(&s.talk, hub.now(), &out)
	if out.seated != nil {
		hub.seat(s.id, out.seated)
	}
	sent := s.post(&out)
	over := s.left && s.talk.phase == closed
	if over {
		s.finish()
	} else {
		s.wind()
	}
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default: // the reader has not looked since the last one
	}
	hub.report(session.Sent, sent)
	hub.report(session.Acked, out.acked)
	hub.report(session.Offline, out.offline)
	if out.seated != nil {
		hub.attach(s.id, out.seated)
	}
	if over {
		s.all.forget(s)
	}
	return true
}

// post puts what was said among the parcels, and answers whose notices have left before. The caller
// holds the lock.
func (s *Subscriber) post(out *output) (sent []follow) {
	said := parcelsIn(out.frames, &s.refusal)
	switch {
	case s.left:
		said = nil
	case len(s.parcels)+len(said) > maxParcels:
		s.all.hub.refuseQueue()
		s.talk.refuse(refuseSlow, s.all.hub.now(), &output{})
		out.offline, out.sent = append(out.offline, out.sent...), nil
	default:
		s.parcels = append(s.parcels, said...)
	}
	if n := len(s.parcels); n > 0 {
		s.parcels[n-1].follows = append(s.parcels[n-1].follows, out.sent...)
		return nil
	}
	return out.sent
}

// finish ends everything but the bookkeeping of forget. The caller holds the lock.
func (s *Subscriber) finish() {
	s.gone = true
	s.talk.phase, s.talk.due = closed, 0
	s.wind()
}

// wind sets the timer for a deadline of the conversation. The caller holds the lock.
func (s *Subscriber) wind() {
	due := s.talk.due
	if due == s.wound {
		return
	}
	if s.wound = due; s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if due != 0 {
		s.timer = time.AfterFunc(due-s.all.hub.now(), func() { s.turn((*conversation).tick) })
	}
}

// phase is where the conversation is.
func (s *Subscriber) phase() phase {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.talk.phase
}

// refused is why the conversation ended before it was live; nil when it has told an end instead.
func (s *Subscriber) refused() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.talk.phase != closed || s.talk.end != nil {
		return nil
	}
	return &s.refusal
}
