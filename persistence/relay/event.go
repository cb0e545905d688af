package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// Event is one event of the log with its CloudEvents 1.0 attributes. Sinks do not modify it.
type Event struct {
	session.Event
	ID     string // <employee_id>/<epoch>/<n>: the same in every repeat
	Source string // the issuer
	Data   []byte // JSON; the content type is application/json
}

// SpecVersion is that of CloudEvents.
const SpecVersion = "1.0"

// IDOf is the event's id.
func IDOf(e *session.Event) string {
	b := make([]byte, 0, len(e.Employee)+24)
	b = append(append(b, e.Employee...), '/')
	b = append(strconv.AppendUint(b, uint64(e.Epoch), 10), '/')
	return string(strconv.AppendInt(b, int64(e.N), 10))
}

// ParseID is the inverse of IDOf.
func ParseID(id string) (employee session.EmployeeID, epoch session.Epoch, n int, err error) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return "", 0, 0, fmt.Errorf("event id %q: want employee/epoch/n", id)
	}
	if employee, err = session.ParseEmployeeID(parts[0]); err != nil {
		return "", 0, 0, fmt.Errorf("event id: %w", err)
	}
	number, err := strconv.ParseUint(parts[1], 10, 63)
	if err == nil {
		n, err = strconv.Atoi(parts[2])
	}
	if err != nil {
		return "", 0, 0, fmt.Errorf("event id %q: %w", id, err)
	}
	return employee, session.Epoch(number), n, nil
}

// Encode makes the Event of a log's event.
func Encode(source string, e session.Event) Event {
	data, err := json.Marshal(dataOf(&e))
	if err != nil {
		panic("relay: an event of texts and numbers does not marshal: " + err.Error())
	}
	return Event{Event: e, ID: IDOf(&e), Source: source, Data: data}
}

// Data is the payload. Fields are added, never renamed.
type Data struct {
	Session *Session      `json:"session"` // null for events of the employee alone
	Reason  *string       `json:"reason"`  // of endings and of a lock
	By      *By           `json:"by"`      // of new_login and admin
	Actor   *string       `json:"actor"`   // name of the key that asked for it
	Epoch   session.Epoch `json:"epoch"`   // the employee's after the change
	At      session.Time  `json:"at"`
}

// Session is the session that an event is about, as it was.
type Session struct {
	SessionID  session.ID         `json:"session_id"`
	EmployeeID session.EmployeeID `json:"employee_id"`
	TerminalID session.TerminalID `json:"terminal_id"`
	DeviceName string             `json:"device_name"`
	Epoch      session.Epoch      `json:"epoch"` // the employee's at its login
	CreatedAt  session.Time       `json:"created_at"`
	ExpiresAt  session.Time       `json:"expires_at"`
	IP         string             `json:"ip"`
	UserAgent  string             `json:"user_agent"`
	ExternalID *string            `json:"external_id"`
}

// By is what ended a session: the newer login's terminal, or an operator's key.
type By struct {
	TerminalID *session.TerminalID `json:"terminal_id,omitempty"`
	DeviceName *string             `json:"device_name,omitempty"`
	Name       *string             `json:"name,omitempty"`
}

func dataOf(e *session.Event) Data {
	d := Data{Epoch: e.Epoch, At: e.At}
	if !e.Session.ID.IsZero() {
		s := &e.Session
		d.Session = &Session{
			SessionID: s.ID, EmployeeID: e.Employee, TerminalID: s.Terminal, DeviceName: s.Device, Epoch: s.Epoch,
			CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, IP: s.IP, UserAgent: s.UserAgent, ExternalID: orNull(s.ExternalID),
		}
	}
	if e.Type.Ends() || e.Type == session.EmployeeLocked {
		reason := e.Reason.String()
		d.Reason = &reason
	}
	switch {
	case e.Reason == session.ReasonNewLogin && e.Type.Ends():
		d.By = &By{TerminalID: &e.By.Terminal, DeviceName: &e.By.Device}
	case e.Reason == session.ReasonAdmin && e.By.Name != "":
		d.By = &By{Name: &e.By.Name}
	}
	d.Actor = orNull(e.Actor)
	return d
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Structured is the event as one JSON object, application/cloudevents+json.
func (e *Event) Structured() []byte {
	b, err := json.Marshal(struct {
		SpecVersion     string             `json:"specversion"`
		ID              string             `json:"id"`
		Source          string             `json:"source"`
		Type            string             `json:"type"`
		Subject         session.EmployeeID `json:"subject"`
		Time            session.Time       `json:"time"`
		DataContentType string             `json:"datacontenttype"`
		PartitionKey    session.EmployeeID `json:"partitionkey"`
		Data            json.RawMessage    `json:"data"`
	}{SpecVersion, e.ID, e.Source, e.Type.String(), e.Employee, e.At, "application/json", e.Employee, e.Data})
	if err != nil {
		panic("relay: an event of texts and numbers does not marshal: " + err.Error())
	}
	return b
}

// TokenID is the jti of a token that stands for an event: the same in every repeat, another for every
// purpose and receiver.
func TokenID(purpose, receiver, event string) string {
	sum := sha256.Sum256([]byte(purpose + "\x00" + receiver + "\x00" + event))
	return hex.EncodeToString(sum[:16])
}
