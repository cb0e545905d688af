package hub

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/hotseat-hub/hotseat/session"
)

const indexShards = 64

// index finds the sockets of a session, oldest first. Any goroutine may use it. It holds as many
// entries as there are sockets with a known session.
type index [indexShards]struct {
	mu      sync.RWMutex
	sockets map[session.ID]sockets
}

// sockets of one session: nearly always one.
type sockets struct {
	first uint64
	more  []uint64
}

func newIndex() *index {
	x := new(index)
	for i := range x {
		x[i].sockets = map[session.ID]sockets{}
	}
	return x
}

// shardOf uses the random end of a UUIDv7.
func shardOf(id session.ID) int { return int(binary.LittleEndian.Uint16(id[14:]) % indexShards) }

func (x *index) add(id session.ID, conn uint64) {
	shard := &x[shardOf(id)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s, ok := shard.sockets[id]
	if !ok {
		shard.sockets[id] = sockets{first: conn}
		return
	}
	s.more = append(s.more, conn)
	shard.sockets[id] = s
}

func (x *index) remove(id session.ID, conn uint64) {
	shard := &x[shardOf(id)]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s, ok := shard.sockets[id]
	if !ok {
		return
	}
	if s.first != conn {
		if i := slices.Index(s.more, conn); i >= 0 {
			s.more = slices.Delete(s.more, i, i+1)
			shard.sockets[id] = s
		}
		return
	}
	if len(s.more) == 0 {
		delete(shard.sockets, id)
		return
	}
	shard.sockets[id] = sockets{first: s.more[0], more: s.more[1:]}
}

// of returns a copy: sockets may come and go meanwhile.
func (x *index) of(id session.ID) []uint64 {
	shard := &x[shardOf(id)]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	s, ok := shard.sockets[id]
	if !ok {
		return nil
	}
	return append([]uint64{s.first}, s.more...)
}
