package session

// Change is what a command does. The order of its fields is the order of execution: Save and what
// belongs to it commit together; nothing below Save happens before that commit.
type Change struct {
	// Save is the row to store, with Version one above the stored one; nil when nothing is written.
	Save *Employee
	// Profile is written with the row.
	Profile *ProfilePatch
	// DeleteProfile removes the profile with the row.
	DeleteProfile bool
	// Key is the client's idempotency key, written with the row.
	Key *KeyRecord
	// Events are appended to the log with the row, in this order.
	Events []Event

	// Notices tell sockets that their session ended; each is followed by that socket's close.
	Notices []Told
	// Reply answers the command.
	Reply Reply
	// Closes end sockets without a notice.
	Closes []Close
}

// Endings are the sessions that this change ends: what the node's view must know before the reply.
func (c *Change) Endings() []Event {
	ended := c.Events[:0:0]
	for _, e := range c.Events {
		if e.Type.Ends() {
			ended = append(ended, e)
		}
	}
	return ended
}

// Told is a notice and the socket it goes to.
type Told struct {
	Socket Socket
	Notice Notice
}

// Close ends a socket that is one too many for its session.
type Close struct{ Socket Socket }

// Reply answers any command; each fills what it has.
type Reply struct {
	Employee            EmployeeID
	FirstName, LastName string
	Epoch               Epoch
	// Session is the session logged in, attached, checked, refreshed or logged out.
	Session *Session
	// Ended are the sessions that the command ended, as they were.
	Ended []Session
	// Deliveries follow the notices of Ended, index by index; the driver fills it.
	Deliveries []*Delivery
	// Replayed: an idempotency key was seen before; nothing was started or ended.
	Replayed bool
	// Row is the state after the command, for operators' routes.
	Row *Employee
}

// EventType is the kind of an event.
type EventType uint8

// The types, stored by number: never renumber.
const (
	Started EventType = iota + 1
	Terminated
	Ended
	Expired
	EmployeeLocked
	EmployeeUnlocked
)

var eventNames = map[EventType]string{
	Started:          "hotseat.session.started.v1",
	Terminated:       "hotseat.session.terminated.v1",
	Ended:            "hotseat.session.ended.v1",
	Expired:          "hotseat.session.expired.v1",
	EmployeeLocked:   "hotseat.employee.locked.v1",
	EmployeeUnlocked: "hotseat.employee.unlocked.v1",
}

// String is the CloudEvents type.
func (t EventType) String() string { return eventNames[t] }

// Ends reports whether the event ends a session.
func (t EventType) Ends() bool { return t == Terminated || t == Ended || t == Expired }

// Event is one line of an employee's log. (Employee, Epoch, N) is its identity.
type Event struct {
	Type     EventType
	Employee EmployeeID
	Epoch    Epoch
	N        int // from 1 within the epoch
	Session  Session
	Reason   Reason
	By       By
	Message  string
	Actor    string // name of the key that asked for it
	At       Time
}

// Notice is the message for the session's terminal that the event stands for.
func (e *Event) Notice() Notice {
	return Notice{
		Session: e.Session.ID, Terminal: e.Session.Terminal, Epoch: e.Epoch,
		Reason: e.Reason, By: e.By, Message: e.Message, At: e.At,
	}
}
