package session

import "time"

// Session is one login of one employee at one terminal. Free text in it has been made valid UTF-8,
// stripped of control characters and cut to its length before it gets here.
type Session struct {
	ID         ID
	Terminal   TerminalID
	Device     string // device_name, at most 128 bytes
	IP         string
	UserAgent  string // at most 512 bytes
	ExternalID string // the backend's own session key, at most 128 bytes
	Client     string // client_id of its tokens: the service key's name, or "hotseat"
	Epoch      Epoch  // the employee's epoch at this login; never changes
	CreatedAt  Time
	ExpiresAt  Time // absolute; a refresh does not move it
	IdleAt     Time // ends here unless refreshed before; zero without --session-idle
	// TokensUntil is when the last access token issued for it expires: an ending must be
	// remembered that long.
	TokensUntil Time
	// Refresh is the generation of the newest refresh token. The one before is good for the
	// same successor until that was used, which is what makes Refresh go up.
	Refresh uint32
}

// Deadline is when the session expires: ExpiresAt, or earlier when it idles.
func (s *Session) Deadline() Time {
	if s.IdleAt != 0 && s.IdleAt < s.ExpiresAt {
		return s.IdleAt
	}
	return s.ExpiresAt
}

// Reason says why a session ended.
type Reason uint8

// The reasons, stored by number: never renumber.
const (
	ReasonEnded      Reason = iota // ended so long ago that the row no longer says why
	ReasonNewLogin                 // replaced by a login of the same employee
	ReasonLogout                   // logged out
	ReasonAdmin                    // ended by an operator
	ReasonExpired                  // past its deadline
	ReasonLocked                   // the employee was locked
	ReasonTokenReuse               // a spent refresh token came back
	reasonCount
)

var reasonNames = [reasonCount]string{"ended", "new_login", "logout", "admin", "expired", "locked", "token_reuse"}

var reasonMessages = [reasonCount]string{
	"Your session has ended",
	"Your session has been terminated due to login from another location",
	"You have been logged out",
	"Your session has been ended by an operator",
	"Your session has expired",
	"Your account has been locked",
	"Your session has been ended because one of its tokens was used twice",
}

// String is the reason on the wire.
func (r Reason) String() string { return reasonNames[r] }

// Valid reports whether this program knows the reason.
func (r Reason) Valid() bool { return r < reasonCount }

// By says what ended a session: the terminal of the newer login, or the name of an operator's key.
type By struct {
	Terminal TerminalID
	Device   string
	Name     string
}

// Ending is what the row remembers of a session that ended, until its last token has expired.
type Ending struct {
	Session  ID
	Terminal TerminalID
	Reason   Reason
	By       By
	Message  string // an operator's own words; empty means the reason's message
	Epoch    Epoch  // the employee's epoch at the ending
	At       Time
	Until    Time // its last access token expires
}

// KeyRecord remembers one client's idempotency key.
type KeyRecord struct {
	Hash    [16]byte // of the key
	Body    [16]byte // of the request, to tell a replay from a reuse
	Session ID
	At      Time
}

// OnLimit says what a login does when the employee has max_sessions already.
type OnLimit uint8

// The policies, from lax to strict; if_active may only move towards strict.
const (
	Takeover OnLimit = iota + 1
	Deny
)

// String is the policy on the wire.
func (o OnLimit) String() string {
	if o == Deny {
		return "deny"
	}
	return "takeover"
}

// Policy is an employee's seat policy.
type Policy struct {
	MaxSessions int // 1–64
	OnLimit     OnLimit
}

// normal moves what is out of range to the nearest policy that the row can keep, so that a mistake
// at the edge cannot make a row that no program reads any more.
func (p Policy) normal() Policy {
	return Policy{
		MaxSessions: min(max(p.MaxSessions, 1), MaxSeats),
		OnLimit:     min(max(p.OnLimit, Takeover), Deny),
	}
}

// own is a copy for the row; the command's stays the caller's.
func (p *Policy) own() *Policy {
	if p == nil {
		return nil
	}
	normal := p.normal()
	return &normal
}

// Limits of what the row keeps.
const (
	MaxEndings   = 64
	MaxKeys      = 8
	MaxSeats     = 64
	MaxSockets   = 20  // per session; the oldest is closed
	MaxTickets   = 256 // remembered within TicketWindow; further ones are refused
	KeyLifetime  = 10 * time.Minute
	TicketWindow = 30 * time.Second
)

// Employee is the durable row. The zero Employee is one that was never stored.
type Employee struct {
	ID      EmployeeID
	Version Version
	Epoch   Epoch
	// Deleted marks a tombstone: it keeps version and epoch so that old tokens and event ids
	// cannot come back to life when the id is made again.
	Deleted bool
	Locked  bool
	// Credential goes up with every password change. A password login says which one it
	// checked, so that a login that raced a change is refused.
	Credential uint32
	// FirstName and LastName are copied from the profile, because every login answers with them.
	FirstName, LastName string
	Policy              *Policy   // nil: the server's default
	Active              []Session // oldest first, at most MaxSeats
	Endings             []Ending  // oldest first, at most MaxEndings
	Keys                []KeyRecord
}

// Exists reports whether the employee was made and not deleted.
func (e *Employee) Exists() bool { return e.Version > 0 && !e.Deleted }

// Find returns the active session with this id, or nil. It may be past its deadline.
func (e *Employee) Find(id ID) *Session {
	for i := range e.Active {
		if e.Active[i].ID == id {
			return &e.Active[i]
		}
	}
	return nil
}

// Ended returns what the row remembers of the ending of id, or nil.
func (e *Employee) Ended(id ID) *Ending {
	for i := len(e.Endings) - 1; i >= 0; i-- {
		if e.Endings[i].Session == id {
			return &e.Endings[i]
		}
	}
	return nil
}

// Valid answers whether id may act at now, from the row alone: this is the strict check.
// A session that may not comes with ErrTerminated (as *TerminatedError); a token whose epoch is
// above the row's, as after a restore, with ErrEpochAhead.
func (e *Employee) Valid(id ID, tokenEpoch Epoch, now Time) (*Session, error) {
	if tokenEpoch > e.Epoch {
		return nil, ErrEpochAhead
	}
	s := e.Find(id)
	if s == nil || now >= s.Deadline() || !e.Exists() {
		return nil, &TerminatedError{Notice: e.notice(id, s, now)}
	}
	return s, nil
}

// Profile is what an employee is called; the rules only pass it on.
type Profile struct {
	ID           EmployeeID
	Username     string
	FirstName    string
	LastName     string
	Email        string
	Role         string
	LegacyID     *int64
	PasswordHash string // PHC string; empty: no password login
	Credential   uint32 // Employee.Credential when the hash was set
}

// ProfilePatch changes the fields that are not nil.
type ProfilePatch struct {
	Username, FirstName, LastName, Email, Role, PasswordHash *string
	LegacyID                                                 **int64
}
