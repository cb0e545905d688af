package token

import (
	"encoding/binary"

	"github.com/hotseat-hub/hotseat/session"
)

// pack appends claims as the cache keeps them: numbers first, then the texts one behind the other.
func (c *Claims) pack(b []byte) []byte {
	b = append(b, c.Session[:]...)
	for _, n := range [...]uint64{
		uint64(len(c.Employee)), uint64(len(c.Client)), uint64(len(c.Terminal)),
		uint64(c.Epoch), uint64(c.IssuedAt), uint64(c.ExpiresAt),
	} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, c.Employee...)
	b = append(b, c.Client...)
	return append(b, c.Terminal...)
}

// unpack is the inverse of pack, whatever follows in b, and returns the size of what it read. The texts
// share one string.
func unpack(b []byte) (c *Claims, size int) {
	c = new(Claims)
	size = copy(c.Session[:], b)
	var numbers [6]uint64
	for i := range numbers {
		n, length := binary.Uvarint(b[size:])
		numbers[i], size = n, size+length
	}
	employee, client, terminal := int(numbers[0]), int(numbers[1]), int(numbers[2])
	c.Epoch, c.IssuedAt, c.ExpiresAt = session.Epoch(numbers[3]), session.Time(numbers[4]), session.Time(numbers[5])
	text := string(b[size : size+employee+client+terminal])
	c.Employee, text = session.EmployeeID(text[:employee]), text[employee:]
	c.Key = c.Employee.Key()
	c.Client, c.Terminal = text[:client], session.TerminalID(text[client:])
	return c, size + employee + client + terminal
}
