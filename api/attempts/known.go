package attempts

import (
	"context"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

const (
	// generation is half of how long an address is known, at the most.
	generation = 15 * 24 * time.Hour
	// logins bounds the addresses that a generation of a Book holds, at about 16 bytes each.
	logins = 1 << 20
)

// Rows reads an employee as the store has it.
type Rows interface {
	Load(ctx context.Context, key session.Key) (session.Employee, error)
}

// Book knows where employees have logged in: those who sit there now from the store, and the others,
// for 15 to 30 days, from this node's memory. Any goroutine may call it.
//
// Bound: two generations. When the young one is full or old it becomes the old one.
type Book struct {
	rows Rows
	now  func() time.Time
	seed maphash.Seed

	mu         sync.Mutex
	young, old map[uint64]struct{}
	since      time.Time // when young began
}

// NewBook returns a Book over the store's rows.
func NewBook(rows Rows) *Book {
	return &Book{rows: rows, now: time.Now, seed: maphash.MakeSeed(), young: map[uint64]struct{}{}, since: time.Now()}
}

// Note keeps that an employee has logged in from an address.
func (b *Book) Note(key session.Key, from netip.Addr) {
	h := b.hash(key, place(from))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	if len(b.young) >= logins {
		b.old, b.young, b.since = b.young, map[uint64]struct{}{}, b.now()
	}
	b.young[h] = struct{}{}
}

// Known implements Known.
func (b *Book) Known(ctx context.Context, key session.Key, from netip.Addr) bool {
	h := b.hash(key, place(from))
	b.mu.Lock()
	b.turn()
	_, young := b.young[h]
	_, old := b.old[h]
	b.mu.Unlock()
	if young || old {
		return true
	}
	row, err := b.rows.Load(ctx, key)
	if err != nil {
		return false
	}
	for i := range row.Active {
		if addr, err := netip.ParseAddr(row.Active[i].IP); err == nil && place(addr) == place(from) {
			return true
		}
	}
	return false
}

// turn lets a generation that is old follow its predecessor; b.mu is held.
func (b *Book) turn() {
	for now := b.now(); now.Sub(b.since) >= generation; b.since = b.since.Add(generation) {
		b.old, b.young = b.young, map[uint64]struct{}{}
		if now.Sub(b.since) >= 3*generation {
			b.old, b.since = nil, now.Add(-generation)
		}
	}
}

// hash is keyed: nobody outside can choose an address that passes for another.
func (b *Book) hash(key session.Key, from netip.Addr) uint64 {
	var h maphash.Hash
	h.SetSeed(b.seed)
	_, _ = h.WriteString(string(key)) // never fails
	_ = h.WriteByte(0)
	text := from.As16()
	_, _ = h.Write(text[:])
	return h.Sum64()
}
