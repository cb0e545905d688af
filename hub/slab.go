package hub

import (
	"sync/atomic"
	"time"
)

const (
	slotsAtOnce = 1024 // a chunk
	handSteps   = 256  // how many steps the clock hand takes around the slab
)

// slot is one descriptor's socket while it sleeps: nothing is being read, written or asked. It has no
// pointers. Its atomic fields may be read by any goroutine, the others belong to the shard that owns
// the descriptor. Times are the low bits of milliseconds since the hub's start.
type slot struct {
	generation atomic.Uint32 // odd while a socket is here; grows with its coming and its going
	owner      atomic.Uint32 // the shard's number and one while the descriptor is one of it
	seat       seatRef       // zero while the socket is awake, or there is none
	sent, ping uint32
	paced      uint32
	tokens     uint16
	attached   bool
	protocol   bool
}

// slab holds the slots of all descriptors of the process, in chunks that never move: growing by
// copying would hold twice as much for a while. Any goroutine may call its methods.
type slab struct {
	chunks [(maxDescriptor + 1) / slotsAtOnce]atomic.Pointer[[slotsAtOnce]slot]
	last   atomic.Int32 // the highest chunk that there is, and one
}

// at finds a descriptor's slot; nil when no descriptor so high was ever seen.
func (s *slab) at(fd int) *slot {
	if chunk := s.chunks[fd/slotsAtOnce].Load(); chunk != nil {
		return &chunk[fd%slotsAtOnce]
	}
	return nil
}

// grow makes a descriptor's slot if there is none.
func (s *slab) grow(fd int) *slot {
	n := fd / slotsAtOnce
	if s.chunks[n].Load() == nil {
		s.chunks[n].CompareAndSwap(nil, new([slotsAtOnce]slot))
		for last := s.last.Load(); int(last) < n+1 && !s.last.CompareAndSwap(last, int32(n+1)); {
			last = s.last.Load()
		}
	}
	return s.at(fd)
}

// size is how many slots there are.
func (s *slab) size() int { return int(s.last.Load()) * slotsAtOnce }

// step visits the 1/256 of all slots that the clock hand passes with its step'th step. They lie beside
// each other, which memory likes. When the slab grows meanwhile, the hand meets some slots twice, or
// not before its next round.
func (s *slab) step(step int, visit func(fd int, at *slot)) {
	size := s.size()
	s.visit(step*size/handSteps, (step+1)*size/handSteps, visit)
}

// visit visits the slots of some descriptors.
func (s *slab) visit(from, until int, visit func(fd int, at *slot)) {
	for fd := from; fd < until; {
		chunk, end := s.chunks[fd/slotsAtOnce].Load(), min(until, (fd/slotsAtOnce+1)*slotsAtOnce)
		if chunk == nil {
			fd = end
			continue
		}
		for ; fd < end; fd++ {
			visit(fd, &chunk[fd%slotsAtOnce])
		}
	}
}

// id is a socket's, as long as it is there.
func (s *slot) id(fd int) uint64 {
	return uint64(s.owner.Load())<<shardShift | uint64(fd)<<descriptorShift | uint64(s.generation.Load())
}

// descriptorOf is the descriptor of a shard's connection.
func descriptorOf(conn uint64) int { return int(conn >> descriptorShift & maxDescriptor) }

// there finds the socket of an id; nil when it is gone. An id put together while its descriptor went
// from one shard to another may name the older shard with the newer generation: that is nobody's, and
// the shard that it names must not touch what is the other's.
func (s *slab) there(conn uint64) *slot {
	at := s.at(descriptorOf(conn))
	if at == nil || conn&1 == 0 || at.generation.Load() != uint32(conn) || at.owner.Load() != uint32(conn>>shardShift) {
		return nil
	}
	return at
}

// coarse is a time as slots keep it.
func coarse(at time.Duration) uint32 { return uint32(at / time.Millisecond) }

// fine is a coarse time that is less than 24 days from now.
func fine(at uint32, now time.Duration) time.Duration {
	present := now / time.Millisecond
	return (present + time.Duration(int32(at-uint32(present)))) * time.Millisecond
}

// sleep puts a conversation into the slot.
func (s *slot) sleep(c *conversation, seats *seatStore) {
	s.seat, s.protocol = seats.put(c.seat), c.ask.protocol
	s.nap(c)
}

// wake is the conversation in the slot, but for its seat.
func (s *slot) wake(r *rules, now time.Duration) conversation {
	c := conversation{rules: r, phase: live, sent: fine(s.sent, now), ping: fine(s.ping, now)}
	c.pace = pace{tokens: int(s.tokens), at: fine(s.paced, now)}
	c.ask.attached, c.ask.protocol = s.attached, s.protocol
	return c
}

// nap puts a conversation back that was woken for one turn; its seat is still in the slot.
func (s *slot) nap(c *conversation) {
	s.sent, s.ping, s.paced = coarse(c.sent), coarse(c.ping), coarse(c.pace.at)
	s.tokens = uint16(c.pace.tokens)
	s.attached = c.ask.attached
}
