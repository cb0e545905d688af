package session

import "errors"

// Revocation is an ended session as those who check tokens themselves need to know it.
type Revocation struct {
	Session  ID
	Employee EmployeeID
	Epoch    Epoch // the employee's at the ending
	Reason   Reason
	At       Time
	Until    Time // its last access token expires
}

// Revocation is the ending as a Revocation.
func (e *Event) Revocation() Revocation {
	return Revocation{
		Session: e.Session.ID, Employee: e.Employee, Epoch: e.Epoch, Reason: e.Reason,
		At: e.At, Until: max(e.Session.TokensUntil, e.At),
	}
}

// Revocations is one page of them.
type Revocations struct {
	Items  []Revocation
	Cursor string // where the next page begins
	// AsOf: whoever has read up to here knows every ending that was committed before.
	AsOf Time
	// More: the next page is there already.
	More bool
}

// What a list of revocations answers to a cursor.
var (
	// ErrCursorExpired: endings that came after it may be forgotten; begin again without one.
	ErrCursorExpired = errors.New("cursor expired")
	// ErrBadCursor: no list gave it.
	ErrBadCursor = errors.New("malformed cursor")
	// ErrIncomplete: the list does not know every ending yet, or no longer; ask later.
	ErrIncomplete = errors.New("list of revocations incomplete")
)
