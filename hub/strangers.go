package hub

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// strangers are the connections that owe this node something: a request, the next one, or a token. It
// counts them by address, an IPv6 one by its /64, so that nobody alone can take what all share. Any
// goroutine may use it; no method calls out while it holds mu.
//
// Bound: limit for each address. One more, and the oldest of that address is dismissed: of many who
// share an address (an office, a flood beside an honest client) the one who speaks soon gets through,
// and those who say nothing make room.
type strangers struct {
	limit   int
	exempt  []netip.Prefix // proxies, each of which stands for many
	dropped func()         // counts who was dismissed

	mu  sync.Mutex
	at  map[netip.Addr]*list.List // of *stranger, the oldest first
	web map[net.Conn]*stranger    // those of net/http
}

// stranger is one of them; nil where nobody counts.
type stranger struct {
	of      *strangers
	from    netip.Addr
	dismiss func() // closes it, unless it has spoken meanwhile; does not wait
	element *list.Element
}

func newStrangers(limit int, exempt []netip.Prefix, dropped func()) *strangers {
	return &strangers{
		limit: limit, exempt: exempt, dropped: dropped,
		at: map[netip.Addr]*list.List{}, web: map[net.Conn]*stranger{},
	}
}

// enter counts one more. The oldest of its address is dismissed when there are too many.
func (s *strangers) enter(from netip.Addr, dismiss func()) *stranger {
	one := s.count(from, dismiss)
	if one != nil {
		s.crowd(one)
	}
	return one
}

// count is nil for those who are exempt, and for listeners without addresses.
func (s *strangers) count(from netip.Addr, dismiss func()) *stranger {
	from = from.Unmap().WithZone("")
	if !from.IsValid() {
		return nil
	}
	for _, proxy := range s.exempt {
		if proxy.Contains(from) {
			return nil
		}
	}
	if from.Is6() {
		from = netip.PrefixFrom(from, 64).Masked().Addr()
	}
	return &stranger{of: s, from: from, dismiss: dismiss}
}

// crowd puts one behind those of its address.
func (s *strangers) crowd(one *stranger) {
	if oldest := s.put(one); oldest != nil {
		s.dropped()
		oldest.dismiss()
	}
}

func (s *strangers) put(one *stranger) (oldest *stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.element != nil {
		return nil
	}
	all := s.at[one.from]
	if all == nil {
		all = list.New()
		s.at[one.from] = all
	}
	one.element = all.PushBack(one)
	if all.Len() <= s.limit {
		return nil
	}
	oldest = all.Front().Value.(*stranger)
	s.remove(oldest)
	return oldest
}

// leave is for one that has said what it owed, or has gone. Twice is fine, and so is nil.
func (one *stranger) leave() {
	if one == nil {
		return
	}
	one.of.mu.Lock()
	defer one.of.mu.Unlock()
	one.of.remove(one)
}

// remove takes one out; s.mu is held.
func (s *strangers) remove(one *stranger) {
	if one.element == nil {
		return
	}
	all := s.at[one.from]
	all.Remove(one.element)
	if one.element = nil; all.Len() == 0 {
		delete(s.at, one.from)
	}
}

// ConnState is for the http.Server whose connections count: before their first request, and between
// two of them.
func (h *Hub) ConnState(nc net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew, http.StateIdle:
		h.strangers.waiting(nc)
	case http.StateActive:
		h.strangers.busy(nc, false)
	case http.StateHijacked, http.StateClosed:
		h.strangers.busy(nc, true)
	}
}

// waiting counts a connection of net/http until it is busy.
func (s *strangers) waiting(nc net.Conn) {
	s.mu.Lock()
	one, known := s.web[nc]
	s.mu.Unlock()
	if !known {
		remote := nc.RemoteAddr()
		if remote == nil {
			return // the peer hung up before net/http got the connection: the kernel has forgotten who it was
		}
		at, err := netip.ParseAddrPort(remote.String())
		if err != nil {
			return
		}
		// Closing a TLS connection would first wait to write a last record.
		one = s.count(at.Addr(), func() { beneath(nc).Close() })
		s.mu.Lock()
		s.web[nc] = one
		s.mu.Unlock()
	}
	if one != nil {
		s.crowd(one)
	}
}

// busy is for a connection that has sent a request, and gone means for good.
func (s *strangers) busy(nc net.Conn, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.web[nc]
	if gone {
		delete(s.web, nc)
	}
	if one != nil {
		s.remove(one)
	}
}
