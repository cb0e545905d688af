package session

import (
	"encoding/binary"
	"slices"
)

// AppendState encodes all of s, soft state included, for an owner that keeps employees packed while
// nothing happens to them. It is never stored, so it has no version. The caller numbers nodes, of
// which there are few.
func (s *State) AppendState(b []byte, number func(Node) uint64) []byte {
	b = appendText(b, string(s.ID))
	b = binary.AppendUvarint(b, uint64(s.Version))
	b = binary.AppendUvarint(b, uint64(s.Epoch))
	at := len(b)
	b = s.AppendRow(append(b, 0, 0, 0, 0))
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))

	b = binary.AppendVarint(b, int64(s.Since))
	b = binary.AppendUvarint(b, uint64(len(s.Handles)))
	for _, h := range s.Handles {
		b = binary.AppendUvarint(b, number(h.Socket.Node))
		b = binary.LittleEndian.AppendUint64(b, h.Socket.Conn)
		b = s.appendID(b, h.Session)
	}
	b = binary.AppendUvarint(b, uint64(len(s.detached)))
	for _, d := range s.detached {
		b = s.appendID(b, d.session)
		b = binary.AppendVarint(b, int64(d.at))
	}
	b = binary.AppendUvarint(b, uint64(len(s.tickets)))
	for _, t := range s.tickets {
		b = append(b, t.nonce[:]...)
		b = binary.AppendVarint(b, int64(t.at))
	}
	return b
}

// appendID names a session by its place among the active ones, as long as it has one.
func (s *State) appendID(b []byte, id ID) []byte {
	place := slices.IndexFunc(s.Active, func(a Session) bool { return a.ID == id })
	b = binary.AppendUvarint(b, uint64(place+1))
	if place < 0 {
		b = append(b, id[:]...)
	}
	return b
}

// DecodeState is the inverse of AppendState.
func (s *State) DecodeState(b []byte, node func(uint64) Node) error {
	*s = State{}
	d := decoder{b: b}
	s.ID, s.Version, s.Epoch = EmployeeID(d.text()), Version(d.uint()), Epoch(d.uint())
	if size := d.take(4); size != nil {
		if err := s.DecodeRow(d.take(int(binary.LittleEndian.Uint32(size)))); err != nil {
			return err
		}
	}
	s.Since = d.time()
	s.Handles = decodeList(&d, len(b), func(d *decoder) Handle {
		return Handle{Socket: Socket{Node: node(d.uint()), Conn: d.fixed()}, Session: d.id(s.Active)}
	})
	s.detached = decodeList(&d, len(b), func(d *decoder) detached {
		return detached{session: d.id(s.Active), at: d.time()}
	})
	s.tickets = decodeList(&d, MaxTickets, func(d *decoder) spent { return spent{nonce: d.array(), at: d.time()} })
	return d.done()
}

func (d *decoder) id(active []Session) ID {
	switch place := d.uint(); {
	case place == 0:
		return ID(d.array())
	case place <= uint64(len(active)):
		return active[place-1].ID
	}
	d.bad = true
	return ID{}
}

func (d *decoder) fixed() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
