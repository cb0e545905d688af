package actors

import "encoding/binary"

// recordRef names a record; zero names none. It is class | number.
type recordRef uint32

const (
	recordStep    = 32 // the sizes of the classes are its multiples
	recordClasses = 31
	// maxRecord is the longest record, its length included: a session or two and some endings. A
	// longer one is not put to sleep.
	maxRecord     = recordStep * recordClasses
	recordsAtOnce = 32 // a chunk
	numberBits    = 27
)

// records keeps byte strings in chunks without pointers, which never move. One goroutine uses it.
type records struct {
	classes [recordClasses + 1]recordClass
}

type recordClass struct {
	chunks [][]byte
	free   uint32 // the number of a free place, and one; in the place is the next
	used   uint32 // places that were ever given out
	held   uint32 // places that are not free
}

// put keeps a copy of a record of at most maxRecord - 2 bytes.
func (r *records) put(b []byte) recordRef {
	size := (len(b) + 2 + recordStep - 1) / recordStep
	class := &r.classes[size]
	n := class.take(size * recordStep)
	place := class.place(n, size*recordStep)
	binary.LittleEndian.PutUint16(place, uint16(len(b)))
	copy(place[2:], b)
	return recordRef(uint32(size)<<numberBits | (n + 1))
}

// get returns the record itself, good until it is dropped.
func (r *records) get(ref recordRef) []byte {
	class, size, n := r.at(ref)
	place := class.place(n, size)
	return place[2 : 2+binary.LittleEndian.Uint16(place)]
}

func (r *records) drop(ref recordRef) {
	class, size, n := r.at(ref)
	if class.held--; class.held == 0 {
		*class = recordClass{} // what a storm needed is given back
		return
	}
	place := class.place(n, size)
	binary.LittleEndian.PutUint32(place[len(place)-4:], class.free)
	class.free = n + 1
}

func (r *records) at(ref recordRef) (class *recordClass, size int, n uint32) {
	size = int(ref >> numberBits)
	return &r.classes[size], size * recordStep, uint32(ref&(1<<numberBits-1)) - 1
}

func (c *recordClass) take(size int) uint32 {
	c.held++
	if c.free != 0 {
		n := c.free - 1
		place := c.place(n, size)
		c.free = binary.LittleEndian.Uint32(place[len(place)-4:])
		return n
	}
	if c.used%recordsAtOnce == 0 {
		c.chunks = append(c.chunks, make([]byte, recordsAtOnce*size))
	}
	c.used++
	return c.used - 1
}

func (c *recordClass) place(n uint32, size int) []byte {
	at := int(n%recordsAtOnce) * size
	return c.chunks[n/recordsAtOnce][at : at+size]
}
