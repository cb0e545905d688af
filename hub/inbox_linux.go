package hub

import (
	"sync"

	"golang.org/x/sys/unix"
)

// letter is for a shard: a turn for one of its sockets, or something to do.
type letter struct {
	conn uint64
	turn turn
	do   func(*shard)
}

// inbox is how others reach a shard. Any goroutine may put. It has no bound of its own, because
// nobody who puts may wait and nothing may be lost; what is in it is bounded by what causes it: a
// socket has one attach and one question to the Gate under way, and hears of few endings.
type inbox struct {
	mu      sync.Mutex
	letters []letter
	closed  bool
	asleep  bool // the shard will not look until the bell rings
	rung    bool
	bell    int // an eventfd; only rung under mu, so never after it was closed
}

// put answers false when the shard takes no more. The bell is for a shard that sleeps, once.
func (b *inbox) put(l letter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.letters = append(b.letters, l)
	if b.asleep && !b.rung {
		b.rung = true
		unix.Write(b.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	return true
}

// empty reports whether there is no letter.
func (b *inbox) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.letters) == 0
}

// rest is for a shard that wants to sleep: false when there are letters, and from true on they ring.
func (b *inbox) rest() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asleep = len(b.letters) == 0
	return b.asleep
}

// take empties the inbox into the place of what was taken before.
func (b *inbox) take(before []letter) []letter {
	clear(before)
	b.mu.Lock()
	defer b.mu.Unlock()
	letters := b.letters
	if b.letters = before[:0]; cap(before) > 4096 {
		b.letters = nil // what a storm needed is given back
	}
	b.asleep = false
	if b.rung {
		b.rung = false
		var count [8]byte
		unix.Read(b.bell, count[:])
	}
	return letters
}

// close takes the last letters; every put from now on is refused.
func (b *inbox) close() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	unix.Close(b.bell)
	letters := b.letters
	b.letters = nil
	return letters
}
