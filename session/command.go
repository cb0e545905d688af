package session

import "time"

// Command is one request to an employee. Every command is harmless when it arrives twice.
type Command interface {
	// Expires is the deadline past which Step refuses the command; zero means none.
	Expires() Time
}

// Deadline is embedded in the commands that write.
type Deadline struct{ At Time }

// Expires implements Command.
func (d Deadline) Expires() Time { return d.At }

// Login asks for a session. ID, Terminal, the texts and the times are decided by the caller.
type Login struct {
	Deadline
	Employee   EmployeeID // the spelling, used when the employee is made by this login
	Session    ID         // of the new session; the same when the command is sent again
	Terminal   TerminalID
	Device     string
	IP         string
	UserAgent  string
	ExternalID string
	Client     string
	// Trusted: a backend vouches for the employee, who is made when unknown.
	Trusted bool
	// Credential is the one that a password login checked.
	Credential uint32
	Lifetime   time.Duration // of the session
	Idle       time.Duration // zero: never
	Token      time.Duration // lifetime of an access token
	Default    Policy        // for employees without one of their own
	Grace      time.Duration // under Deny, a session without a socket for that long holds no seat
	IfActive   OnLimit       // tightens the policy for this login; zero: not
	Override   bool          // takes the seat in spite of Deny; trusted logins only
	// Key is the client's idempotency key; nil when it gave none.
	Key *KeyRecord
	// Looked says that the store was asked for a key that the row had no more room for, and
	// Found what it said. Step asks for it with ErrLookupKey; forget it after a reload.
	Looked bool
	Found  *KeyRecord
	// Maybe is the epoch that this session has if an earlier attempt, whose outcome nobody knows,
	// was committed; zero: there was none. When the row has forgotten endings since, Step cannot
	// tell a session that never was from one that ended, and refuses with ErrLate.
	Maybe Epoch
}

// Attach announces a socket of a session. Announcing it again changes nothing.
type Attach struct {
	Deadline
	Session ID
	Epoch   Epoch // the token's
	Socket  Socket
	Ticket  *Ticket // when the socket came by a ticket, which this spends
}

// Ticket is the single-use credential of a socket.
type Ticket struct {
	Nonce    [16]byte
	IssuedAt Time
}

// Check asks whether a session may act and keeps the employee in memory for its ticket.
type Check struct {
	Deadline
	Session ID
	Epoch   Epoch
}

// Detach says that a socket is gone.
type Detach struct{ Socket Socket }

// NodeLost says that every socket of a node's boot is gone.
type NodeLost struct{ Node Node }

// Logout ends a session at its own wish.
type Logout struct {
	Deadline
	Session ID
}

// Refresh rotates a session's refresh token.
type Refresh struct {
	Deadline
	Session    ID
	Generation uint32 // of the token that was presented
	Token      time.Duration
	Idle       time.Duration
	// Passed is set by a node that passes this on to another one. It may be under way for long, while the
	// first node carries it out itself and the client goes on: it proves no reuse of a token.
	Passed bool
}

// Expire ends the sessions that are past their deadline.
type Expire struct{}

// End ends one session, or all when Session is zero, at an operator's or a service's wish, or
// at the employee's own (Reason logout) from another of its sessions.
type End struct {
	Deadline
	Session ID
	Except  ID // with a zero Session: this one stays
	Reason  Reason
	Actor   string // name of the key, shown as `by`; empty for the employee's own wish
	Message string
}

// Create makes an employee. A deleted one goes on from its old version and epoch.
type Create struct {
	Deadline
	Employee EmployeeID
	Profile  ProfilePatch
	Policy   *Policy
	Locked   bool
	Actor    string
}

// Update changes an employee's record, and ends what may no longer be.
type Update struct {
	Deadline
	Profile      *ProfilePatch
	SetPolicy    bool
	Policy       *Policy // with SetPolicy; nil goes back to the default
	Default      Policy
	Locked       *bool
	KeepSessions bool // after a password change
	// Checked, unless zero, is the credential that the caller has checked: when it is another by
	// now nothing is changed.
	Checked uint32
	Actor   string
}

// Delete leaves a tombstone.
type Delete struct {
	Deadline
	Actor string
}

// Expires implements Command; soft commands have no deadline.
func (Detach) Expires() Time { return 0 }

// Expires implements Command; soft commands have no deadline.
func (NodeLost) Expires() Time { return 0 }

// Expires implements Command; what is past its deadline stays so.
func (Expire) Expires() Time { return 0 }
