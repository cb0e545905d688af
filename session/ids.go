package session

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// EmployeeID names an employee as it was first written: 1–128 of [A-Za-z0-9._@:+-], the first
// one alphanumeric. Two spellings that differ in case name the same employee; compare Keys.
type EmployeeID string

// Key is an EmployeeID without regard to case: what rows, shards and actors are addressed by.
type Key string

// TerminalID names where one login lives (a tab, a till): 1–64 of [A-Za-z0-9_-], unique per
// employee only.
type TerminalID string

// ID is a session's UUIDv7, chosen by whoever asks for the login. It is also the implicit
// idempotency key of that login: a command that is sent again carries the same ID.
type ID [16]byte

// Epoch counts the committed changes of an employee's set of sessions.
type Epoch uint64

// Version counts the committed changes of an employee's row. The store compares it.
type Version uint64

// Time is the store's time in Unix milliseconds; zero means never.
type Time int64

// ErrBadID is what every Parse function of this package wraps.
var ErrBadID = errors.New("malformed id")

// ParseEmployeeID checks s against the contract's alphabet and length.
func ParseEmployeeID(s string) (EmployeeID, error) {
	if len(s) == 0 || len(s) > 128 {
		return "", fmt.Errorf("employee_id has %d characters, want 1 to 128: %w", len(s), ErrBadID)
	}
	if !alphanumeric(s[0]) {
		return "", fmt.Errorf("employee_id must start with a letter or digit: %w", ErrBadID)
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && !strings.ContainsRune("._@:+-", rune(s[i])) {
			return "", fmt.Errorf("employee_id may contain only A-Z a-z 0-9 . _ @ : + -: %w", ErrBadID)
		}
	}
	return EmployeeID(s), nil
}

// Key folds the id's case.
func (id EmployeeID) Key() Key { return Key(strings.ToLower(string(id))) }

// ParseTerminalID checks s against the contract's alphabet and length.
func ParseTerminalID(s string) (TerminalID, error) {
	if len(s) == 0 || len(s) > 64 {
		return "", fmt.Errorf("terminal_id has %d characters, want 1 to 64: %w", len(s), ErrBadID)
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '_' && s[i] != '-' {
			return "", fmt.Errorf("terminal_id may contain only A-Z a-z 0-9 _ -: %w", ErrBadID)
		}
	}
	return TerminalID(s), nil
}

// ParseID reads the 36-character form of a UUID; the nil UUID names no session and is refused.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("session_id is not a UUID: %w", ErrBadID)
	}
	compact := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(compact)); err != nil {
		return ID{}, fmt.Errorf("session_id is not a UUID: %w", ErrBadID)
	}
	if id.IsZero() {
		// In a command the zero ID means "all sessions", which nobody may ask for by this way.
		return ID{}, fmt.Errorf("session_id is the nil UUID: %w", ErrBadID)
	}
	return id, nil
}

// IsZero reports whether the id names no session.
func (id ID) IsZero() bool { return id == ID{} }

// String is the 36-character lower-case form.
func (id ID) String() string { return string(id.append(make([]byte, 0, 36))) }

func (id ID) append(b []byte) []byte {
	for i, part := range [][]byte{id[0:4], id[4:6], id[6:8], id[8:10], id[10:16]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// Made is when the id was made, by the clock of the node that made it: UUIDv7 begins with it.
func (id ID) Made() Time {
	return Time(id[0])<<40 | Time(id[1])<<32 | Time(id[2])<<24 | Time(id[3])<<16 | Time(id[4])<<8 | Time(id[5])
}

// MarshalText is String, for encoding/json.
func (id ID) MarshalText() ([]byte, error) { return id.append(make([]byte, 0, 36)), nil }

// UnmarshalText is ParseID, for encoding/json.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// TimeOf truncates t to the store's millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std is t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Add moves t by d, which is cut to milliseconds.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// Sub is the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Millisecond }

// timeFormat is RFC 3339 in UTC with milliseconds, as everywhere on the wire.
const timeFormat = "2006-01-02T15:04:05.000Z"

// String is the wire form, for example 2026-03-01T09:30:00.000Z.
func (t Time) String() string { return t.Std().Format(timeFormat) }

// MarshalText is String, for encoding/json.
func (t Time) MarshalText() ([]byte, error) { return t.Std().AppendFormat(nil, timeFormat), nil }

// UnmarshalText reads any RFC 3339 time.
func (t *Time) UnmarshalText(b []byte) error {
	std, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return fmt.Errorf("time %q: %w", b, err)
	}
	*t = TimeOf(std)
	return nil
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
