package hub

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/hotseat-hub/hotseat/session"
)

const indexShards = 64

// index finds the sockets of a session, oldest first. Any goroutine may use it. It holds as many
// entries as there are sockets with a known session, at 20 to 25 bytes each.
type index [indexShards]indexShard

// indexShard is a hash table with open addressing and without pointers: an entry stands in the first
// free place from its home on. That keeps the sockets of a session in the order they came, also when
// entries move up into a place that became free, or all move into a larger table.
type indexShard struct {
	mu     sync.RWMutex
	places []entry
	used   int
}

// entry knows its session by the random half of the id: who speaks to a socket names the whole
// session once more, and the conversation compares.
type entry struct{ session, conn uint64 } // conn is zero in a free place

func newIndex() *index { return new(index) }

// tail is the random half of a UUIDv7.
func tail(id session.ID) uint64 { return binary.LittleEndian.Uint64(id[8:]) }

// mix spreads ids that differ in few bits.
func mix(tail uint64) uint64 {
	tail ^= tail >> 32
	tail *= 0x9e3779b97f4a7c15
	tail ^= tail >> 29
	return tail * 0xbf58476d1ce4e5b9
}

func (x *index) shard(tail uint64) *indexShard { return &x[mix(tail)%indexShards] }

func (x *index) add(id session.ID, conn uint64) {
	shard := x.shard(tail(id))
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.used*5 >= len(shard.places)*4 {
		shard.resize(len(shard.places)*5/4 + 8)
	}
	shard.insert(entry{tail(id), conn})
}

func (x *index) remove(id session.ID, conn uint64) {
	shard := x.shard(tail(id))
	shard.mu.Lock()
	defer shard.mu.Unlock()
	for i := shard.home(tail(id)); len(shard.places) > 0 && shard.places[i].conn != 0; i = shard.after(i) {
		if shard.places[i] == (entry{tail(id), conn}) {
			shard.free(i)
			break
		}
	}
	if len(shard.places) > 64 && shard.used*3 < len(shard.places) {
		shard.resize(len(shard.places) / 2)
	}
}

// of returns a copy: sockets may come and go meanwhile.
func (x *index) of(id session.ID) (conns []uint64) {
	shard := x.shard(tail(id))
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	for i := shard.home(tail(id)); len(shard.places) > 0 && shard.places[i].conn != 0; i = shard.after(i) {
		if shard.places[i].session == tail(id) {
			conns = append(conns, shard.places[i].conn)
		}
	}
	return conns
}

// home is where an entry would like to stand. The table's size need not be a power of two.
func (s *indexShard) home(tail uint64) int {
	at, _ := bits.Mul64(mix(tail), uint64(len(s.places)))
	return int(at)
}

func (s *indexShard) after(i int) int {
	if i++; i == len(s.places) {
		return 0
	}
	return i
}

func (s *indexShard) insert(e entry) {
	i := s.home(e.session)
	for s.places[i].conn != 0 {
		i = s.after(i)
	}
	s.places[i] = e
	s.used++
}

// free empties a place, and moves up what would not be found behind a gap.
func (s *indexShard) free(gap int) {
	s.used--
	s.places[gap] = entry{}
	for i := s.after(gap); s.places[i].conn != 0; i = s.after(i) {
		home := s.home(s.places[i].session)
		reaches := (i-home+len(s.places))%len(s.places) >= (i-gap+len(s.places))%len(s.places)
		if reaches {
			s.places[gap], s.places[i] = s.places[i], entry{}
			gap = i
		}
	}
}

// resize moves all entries, beginning behind a free place so that those of a session keep their order.
func (s *indexShard) resize(size int) {
	old := s.places
	s.places, s.used = make([]entry, size), 0
	start := 0
	for start < len(old) && old[start].conn != 0 {
		start++
	}
	for i := range old {
		if e := old[(start+i)%len(old)]; e.conn != 0 {
			s.insert(e)
		}
	}
}
