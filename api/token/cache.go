package token

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	// cacheShards spreads the lock of the cache; a power of two.
	cacheShards = 16
	// A generation keeps its entries in chunks of so many bytes, which never move. An entry's place is
	// its chunk and where in it.
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

// cache remembers tokens whose signature was checked, or made, by this node. It is keyed by the
// SHA-256 of the whole token: a weaker hash would let a forger look for a collision with a good one.
// It keeps claims packed, without a pointer: every employee who logs in has an entry here, and the
// collector would follow each. Any goroutine may call it.
//
// Bound: at most size entries. Each shard has two generations; when the young one is full the old
// one is dropped. What was asked for lately moves to the young one, so it stays.
type cache struct {
	shards [cacheShards]cacheShard
	clears atomic.Uint64 // how often clear was called
}

type digest = [sha256.Size]byte

type cacheShard struct {
	mu         sync.RWMutex
	young, old generation
	limit      int // of each generation
}

// generation is a part of a shard that is forgotten as a whole. What was kept is never changed, so it
// may be read without the shard's lock.
type generation struct {
	places map[digest]uint32
	chunks [][]byte
}

func newCache(size int) *cache {
	c := &cache{}
	for i := range c.shards {
		c.shards[i].young.places = map[digest]uint32{}
		c.shards[i].limit = max(1, size/(2*cacheShards))
	}
	return c
}

// digestOf hashes without copying the token; Sum256 only reads it.
func digestOf(token string) digest {
	return sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token))) // #nosec G103 -- Sum256 only reads it
}

// get returns claims of the caller's own; nil when the token is not known.
func (c *cache) get(d digest) *Claims {
	s := &c.shards[d[0]%cacheShards]
	s.mu.RLock()
	packed, old := s.young.get(d), false
	if packed == nil {
		packed = s.old.get(d)
		old = packed != nil
	}
	s.mu.RUnlock()
	if packed == nil {
		return nil
	}
	claims, size := unpack(packed)
	if old {
		s.move(d, size)
	}
	return claims
}

// put keeps a token that was found good when the cache had been cleared so many times, read before its
// key was looked up: a key that was withdrawn since may have signed it, so it is not kept when the
// cache was cleared meanwhile.
func (c *cache) put(d digest, claims *Claims, clears uint64) {
	var buffer [256]byte
	packed := claims.pack(buffer[:0])
	s := &c.shards[d[0]%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.clears.Load() == clears {
		s.put(d, packed)
	}
}

// move puts an entry of the old generation into the young one, if it is still there.
func (s *cacheShard) move(d digest, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if packed := s.old.get(d); packed != nil {
		s.put(d, packed[:size])
	}
}

// put is called under mu.
func (s *cacheShard) put(d digest, packed []byte) {
	if len(s.young.places) >= s.limit {
		s.old, s.young = s.young, generation{places: make(map[digest]uint32, s.limit)}
	}
	s.young.put(d, packed)
}

// clear forgets everything: a signing key was withdrawn. It counts first, so that a put of before is
// either refused or forgotten with the rest.
func (c *cache) clear() {
	c.clears.Add(1)
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.young, s.old = generation{places: map[digest]uint32{}}, generation{}
		s.mu.Unlock()
	}
}

// get returns what begins with an entry; nil when there is none.
func (g *generation) get(d digest) []byte {
	place, ok := g.places[d]
	if !ok {
		return nil
	}
	return g.chunks[place>>chunkBits][place%chunkSize:]
}

// put keeps a copy. Two requests may have verified the same token at once; the first stays.
func (g *generation) put(d digest, packed []byte) {
	if _, there := g.places[d]; there {
		return
	}
	last := len(g.chunks) - 1
	if last < 0 || cap(g.chunks[last])-len(g.chunks[last]) < len(packed) {
		g.chunks = append(g.chunks, make([]byte, 0, max(chunkSize, len(packed))))
		last++
	}
	chunk := g.chunks[last]
	g.places[d] = uint32(last<<chunkBits | len(chunk))
	g.chunks[last] = append(chunk, packed...)
}
