package enforce

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/hotseat-hub/hotseat/session"
)

// mark is what a cursor says: the next item, at the run of the node that gave it, and as of when its
// holder knows everything, for all other nodes.
type mark struct {
	boot [8]byte
	next uint64
	asOf session.Time
}

// markVersion lets a later program tell its marks from these.
const markVersion = 1

// String is the opaque cursor.
func (m mark) String() string {
	b := append(make([]byte, 0, 25), markVersion)
	b = append(b, m.boot[:]...)
	b = binary.BigEndian.AppendUint64(b, m.next)
	b = binary.BigEndian.AppendUint64(b, uint64(m.asOf))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseMark(cursor string) (m mark, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != 25 || b[0] != markVersion {
		return m, session.ErrBadCursor
	}
	copy(m.boot[:], b[1:])
	m.next = binary.BigEndian.Uint64(b[9:])
	m.asOf = session.Time(binary.BigEndian.Uint64(b[17:]))
	return m, nil
}
