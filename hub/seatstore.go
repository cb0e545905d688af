package hub

import (
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/session"
)

// seatRef names a seat in a seatStore; zero names none. It is class | number.
type seatRef uint32

const (
	seatStep       = 8   // the sizes of the classes are its multiples
	seatClasses    = 28  // the largest seat is 221 bytes: see appendSeat
	seatsAtOnce    = 256 // a chunk
	seatNumberBits = 27  // a shard has fewer descriptors
)

// seatStore keeps what is known of sleeping sockets, in chunks without pointers: the collector does
// not look into them, and they never move. One goroutine uses it.
type seatStore struct{ classes [seatClasses + 1]seatClass }

type seatClass struct {
	chunks [][]byte
	free   uint32 // the number of a free place, and one; in the place is the next
	used   uint32 // places that were ever given out
	held   uint32 // places that are not free
}

// put keeps a seat. Its ticket and the employee's spelling are forgotten: both are needed only until
// the owner has answered.
func (s *seatStore) put(seat *Seat) seatRef {
	var buffer [seatStep * seatClasses]byte
	b := appendSeat(buffer[:0], seat)
	size := (len(b) + seatStep - 1) / seatStep
	class := &s.classes[size]
	n := class.take(size * seatStep)
	copy(class.place(n, size*seatStep), b)
	return seatRef(uint32(size)<<seatNumberBits | (n + 1))
}

func (s *seatStore) get(ref seatRef) *Seat {
	class, size, n := s.at(ref)
	return readSeat(class.place(n, size))
}

func (s *seatStore) drop(ref seatRef) {
	class, size, n := s.at(ref)
	if class.held--; class.held == 0 {
		*class = seatClass{} // what a storm needed is given back
		return
	}
	binary.LittleEndian.PutUint32(class.place(n, size), class.free)
	class.free = n + 1
}

func (s *seatStore) at(ref seatRef) (*seatClass, int, uint32) {
	size := int(ref >> seatNumberBits)
	return &s.classes[size], size * seatStep, uint32(ref&(1<<seatNumberBits-1)) - 1
}

func (c *seatClass) take(size int) uint32 {
	c.held++
	if c.free != 0 {
		n := c.free - 1
		c.free = binary.LittleEndian.Uint32(c.place(n, size))
		return n
	}
	n := c.used
	if n%seatsAtOnce == 0 {
		c.chunks = append(c.chunks, make([]byte, seatsAtOnce*size))
	}
	c.used++
	return n
}

func (c *seatClass) place(n uint32, size int) []byte {
	at := int(n%seatsAtOnce) * size
	return c.chunks[n/seatsAtOnce][at : at+size]
}

// compactTerminal stands where a length would, before the 16 bytes of a terminal that is a UUID, as
// that of a browser tab is.
const compactTerminal = 0xff

// The flags of a kept seat.
const seatCompat, seatBare = 1, 2

// appendSeat needs at most 16 + 10 + 1 + 1 + 128 + 1 + 64 = 221 bytes.
func appendSeat(b []byte, s *Seat) []byte {
	b = append(b, s.Session[:]...)
	b = binary.AppendUvarint(b, uint64(s.Epoch))
	flags := byte(0)
	if s.Compat {
		flags |= seatCompat
	}
	if s.Bare {
		flags |= seatBare
	}
	b = append(b, flags, byte(len(s.Key)))
	b = append(b, s.Key...)
	if id, err := uuid.Parse(string(s.Terminal)); err == nil && id.String() == string(s.Terminal) {
		return append(append(b, compactTerminal), id[:]...)
	}
	b = append(b, byte(len(s.Terminal)))
	return append(b, s.Terminal...)
}

func readSeat(b []byte) *Seat {
	s := new(Seat)
	b = b[copy(s.Session[:], b):]
	epoch, n := binary.Uvarint(b)
	s.Epoch, b = session.Epoch(epoch), b[n:]
	s.Compat, s.Bare, b = b[0]&seatCompat != 0, b[0]&seatBare != 0, b[1:]
	s.Key, b = session.Key(b[1:1+b[0]]), b[1+b[0]:]
	if b[0] == compactTerminal {
		s.Terminal = session.TerminalID(uuid.UUID(b[1:17]).String())
	} else {
		s.Terminal = session.TerminalID(b[1 : 1+b[0]])
	}
	return s
}
