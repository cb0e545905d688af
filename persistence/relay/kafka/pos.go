package kafka

import (
	"context"
	"encoding/json"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/session"
)

// POSTopic is where the original published.
const POSTopic = "pos-events"

// The original's event types.
const (
	POSLogin      = "EMPLOYEE_LOGIN"
	POSLogout     = "EMPLOYEE_LOGOUT"
	POSTerminated = "SESSION_TERMINATED"
)

// POSEvent is the original's flat event.
type POSEvent struct {
	EventType  string `json:"event_type"`
	EmployeeID string `json:"employee_id"`
	Username   string `json:"employee_username"`
	TerminalID string `json:"terminal_id"`
	Reason     string `json:"reason,omitempty"`
	Timestamp  string `json:"timestamp"`
}

// Usernames tells how an employee logs in.
type Usernames interface {
	// Username is the employee's id for one who has no other name.
	Username(ctx context.Context, employee session.EmployeeID) (string, error)
}

// SourceHeader says which hub a flat event is from, as ce_source does of others. The original set no headers
// and its consumers read none; who enforces the topic's logins here knows our own by it.
const SourceHeader = "hotseat-source"

// POS is the format of the original's consumers: flat JSON, logins, logouts and terminations only. The
// key, which they do not need, keeps each employee's order: on a login elsewhere the termination comes
// first.
func POS(names Usernames) Format {
	return func(ctx context.Context, events []relay.Event) ([]*kgo.Record, error) {
		var records []*kgo.Record
		for i := range events {
			e := &events[i]
			typ := posType(&e.Event)
			if typ == "" {
				continue
			}
			name, err := names.Username(ctx, e.Employee)
			if err != nil {
				return nil, err
			}
			flat := POSEvent{
				EventType: typ, EmployeeID: string(e.Employee), Username: name,
				TerminalID: string(e.Session.Terminal), Timestamp: e.At.String(),
			}
			if typ == POSTerminated {
				flat.Reason = e.Reason.String()
			}
			value, err := json.Marshal(flat)
			if err != nil {
				return nil, err
			}
			records = append(records, &kgo.Record{
				Key: []byte(e.Employee), Value: value, Timestamp: e.At.Std(), Headers: []kgo.RecordHeader{header(SourceHeader, e.Source)},
			})
		}
		return records, nil
	}
}

// posType is empty for what the original had no event for.
func posType(e *session.Event) string {
	switch {
	case e.Type == session.Started:
		return POSLogin
	case e.Type == session.Ended && e.Reason == session.ReasonLogout:
		return POSLogout
	case e.Type.Ends():
		return POSTerminated
	}
	return ""
}
