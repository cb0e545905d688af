package session

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The stored form of rows and events: a format byte, then fields in order, integers as varints and
// texts with their length. A later format adds a case beside the old one; it never edits it.
const formatV1 = 1

// ErrCorrupt is what decoding anything but the output of the encoders wraps.
var ErrCorrupt = errors.New("corrupt encoding")

// AppendRow encodes what the store keeps of e besides ID, Version and Epoch, which are columns.
func (e *Employee) AppendRow(b []byte) []byte {
	b = append(b, formatV1)
	b = appendBools(b, e.Deleted, e.Locked, e.Policy != nil)
	b = binary.AppendUvarint(b, uint64(e.Credential))
	b = appendText(b, e.FirstName)
	b = appendText(b, e.LastName)
	if e.Policy != nil {
		b = append(b, byte(e.Policy.MaxSessions), byte(e.Policy.OnLimit))
	}
	b = binary.AppendUvarint(b, uint64(len(e.Active)))
	for i := range e.Active {
		b = e.Active[i].append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Endings)))
	for i := range e.Endings {
		b = e.Endings[i].append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Keys)))
	for i := range e.Keys {
		b = e.Keys[i].append(b)
	}
	return b
}

// DecodeRow is the inverse of AppendRow; it sets everything but ID, Version and Epoch.
func (e *Employee) DecodeRow(b []byte) error {
	d := decoder{b: b}
	if format := d.byte(); format != formatV1 {
		return fmt.Errorf("row format %d, this program reads %d: %w", format, formatV1, ErrCorrupt)
	}
	flags := d.byte()
	e.Deleted, e.Locked = flags&1 != 0, flags&2 != 0
	e.Credential = uint32(d.uint())
	e.FirstName, e.LastName = d.text(), d.text()
	e.Policy = nil
	if flags&4 != 0 {
		e.Policy = &Policy{MaxSessions: int(d.byte()), OnLimit: OnLimit(d.byte())}
	}
	e.Active = decodeList(&d, MaxSeats, (*decoder).session)
	e.Endings = decodeList(&d, MaxEndings, (*decoder).ending)
	e.Keys = decodeList(&d, MaxKeys, (*decoder).key)
	return d.done()
}

// AppendEvents encodes the events of one commit of one employee.
func AppendEvents(b []byte, events []Event) []byte {
	b = append(b, formatV1)
	b = binary.AppendUvarint(b, uint64(len(events)))
	for i := range events {
		e := &events[i]
		b = append(b, byte(e.Type), byte(e.Reason))
		b = appendText(b, string(e.Employee))
		b = binary.AppendUvarint(b, uint64(e.Epoch))
		b = binary.AppendUvarint(b, uint64(e.N))
		b = e.Session.append(b)
		b = e.By.append(b)
		b = appendText(b, e.Message)
		b = appendText(b, e.Actor)
		b = binary.AppendVarint(b, int64(e.At))
	}
	return b
}

// DecodeEvents reads one AppendEvents from the front of b and returns the rest of b.
func DecodeEvents(b []byte) (events []Event, rest []byte, err error) {
	d := decoder{b: b}
	if format := d.byte(); format != formatV1 {
		return nil, nil, fmt.Errorf("event format %d, this program reads %d: %w", format, formatV1, ErrCorrupt)
	}
	events = decodeList(&d, 2*MaxSeats+2, (*decoder).event)
	if d.bad {
		return nil, nil, ErrCorrupt
	}
	return events, d.b, nil
}

func (s *Session) append(b []byte) []byte {
	b = append(b, s.ID[:]...)
	for _, text := range [...]string{string(s.Terminal), s.Device, s.IP, s.UserAgent, s.ExternalID, s.Client} {
		b = appendText(b, text)
	}
	b = binary.AppendUvarint(b, uint64(s.Epoch))
	for _, t := range [...]Time{s.CreatedAt, s.ExpiresAt, s.IdleAt, s.TokensUntil} {
		b = binary.AppendVarint(b, int64(t))
	}
	return binary.AppendUvarint(b, uint64(s.Refresh))
}

func (d *decoder) session() (s Session) {
	s.ID = ID(d.array())
	s.Terminal, s.Device, s.IP = TerminalID(d.text()), d.text(), d.text()
	s.UserAgent, s.ExternalID, s.Client = d.text(), d.text(), d.text()
	s.Epoch = Epoch(d.uint())
	s.CreatedAt, s.ExpiresAt, s.IdleAt, s.TokensUntil = d.time(), d.time(), d.time(), d.time()
	s.Refresh = uint32(d.uint())
	return s
}

func (e *Ending) append(b []byte) []byte {
	b = append(b, e.Session[:]...)
	b = append(b, byte(e.Reason))
	b = appendText(b, string(e.Terminal))
	b = e.By.append(b)
	b = appendText(b, e.Message)
	b = binary.AppendUvarint(b, uint64(e.Epoch))
	b = binary.AppendVarint(b, int64(e.At))
	return binary.AppendVarint(b, int64(e.Until))
}

func (d *decoder) ending() (e Ending) {
	e.Session, e.Reason = ID(d.array()), d.reason()
	e.Terminal, e.By, e.Message = TerminalID(d.text()), d.by(), d.text()
	e.Epoch = Epoch(d.uint())
	e.At, e.Until = d.time(), d.time()
	return e
}

func (b By) append(to []byte) []byte {
	to = appendText(to, string(b.Terminal))
	to = appendText(to, b.Device)
	return appendText(to, b.Name)
}

func (d *decoder) by() By {
	return By{Terminal: TerminalID(d.text()), Device: d.text(), Name: d.text()}
}

func (k *KeyRecord) append(b []byte) []byte {
	b = append(b, k.Hash[:]...)
	b = append(b, k.Body[:]...)
	b = append(b, k.Session[:]...)
	return binary.AppendVarint(b, int64(k.At))
}

func (d *decoder) key() KeyRecord {
	return KeyRecord{Hash: d.array(), Body: d.array(), Session: ID(d.array()), At: d.time()}
}

func (d *decoder) event() (e Event) {
	e.Type, e.Reason = EventType(d.byte()), d.reason()
	e.Employee = EmployeeID(d.text())
	e.Epoch, e.N = Epoch(d.uint()), int(d.uint())
	e.Session, e.By, e.Message, e.Actor = d.session(), d.by(), d.text(), d.text()
	e.At = d.time()
	return e
}

// decoder reads from the front of b; after the first mistake it returns zero values and is bad.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return nil
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) array() (a [16]byte) {
	copy(a[:], d.take(len(a)))
	return a
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.take(max(n, -1))
	if n <= 0 {
		d.bad = true
		return 0
	}
	return v
}

func (d *decoder) time() Time {
	v, n := binary.Varint(d.b)
	d.take(max(n, -1))
	if n <= 0 {
		d.bad = true
		return 0
	}
	return Time(v)
}

func (d *decoder) reason() Reason {
	r := Reason(d.byte())
	if r >= reasonCount {
		d.bad = true
		return 0
	}
	return r
}

func (d *decoder) text() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.bad = true
		return ""
	}
	return string(d.take(int(n)))
}

func (d *decoder) done() error {
	if d.bad || len(d.b) != 0 {
		return ErrCorrupt
	}
	return nil
}

func decodeList[T any](d *decoder, most int, one func(*decoder) T) []T {
	n := d.uint()
	if d.bad || n > uint64(most) {
		d.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]T, 0, n)
	for range n {
		list = append(list, one(d))
	}
	return list
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendBools(b []byte, bits ...bool) []byte {
	var flags byte
	for i, bit := range bits {
		if bit {
			flags |= 1 << i
		}
	}
	return append(b, flags)
}
