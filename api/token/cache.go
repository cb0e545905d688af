package token

import (
	"crypto/sha256"
	"sync"
	"unsafe"
)

// cacheShards spreads the lock of the cache; a power of two.
const cacheShards = 16

// cache remembers tokens whose signature was checked, or made, by this node. It is keyed by the
// SHA-256 of the whole token: a weaker hash would let a forger look for a collision with a good one.
// Any goroutine may call it.
//
// Bound: at most size entries. Each shard has two generations; when the young one is full the old
// one is dropped. What was asked for lately moves to the young one, so it stays.
type cache struct {
	shards [cacheShards]cacheShard
}

type digest = [sha256.Size]byte

type cacheShard struct {
	mu         sync.RWMutex
	young, old map[digest]*Claims
	limit      int // of each generation
}

func newCache(size int) *cache {
	c := &cache{}
	for i := range c.shards {
		c.shards[i].young = map[digest]*Claims{}
		c.shards[i].limit = max(1, size/(2*cacheShards))
	}
	return c
}

// digestOf hashes without copying the token; Sum256 only reads it.
func digestOf(token string) digest {
	return sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token))) // #nosec G103 -- Sum256 only reads it
}

func (c *cache) get(d digest) *Claims {
	s := &c.shards[d[0]%cacheShards]
	s.mu.RLock()
	claims, old := s.young[d], false
	if claims == nil {
		claims = s.old[d]
		old = claims != nil
	}
	s.mu.RUnlock()
	if old {
		c.put(d, claims)
	}
	return claims
}

func (c *cache) put(d digest, claims *Claims) {
	s := &c.shards[d[0]%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= s.limit {
		s.old, s.young = s.young, make(map[digest]*Claims, s.limit)
	}
	s.young[d] = claims
}

// clear forgets everything: a signing key was withdrawn.
func (c *cache) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.young, s.old = map[digest]*Claims{}, nil
		s.mu.Unlock()
	}
}
