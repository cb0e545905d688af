package consume

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
	"github.com/hotseat-hub/hotseat/session"
)

// Event is one record, whatever its form.
type Event struct {
	ID, Source, Type string
	Employee         string
	Username         string // of the original's form only
	Terminal         string
	Device           string
	Session          string // the other system's, if it says
	Reason           string
	At               time.Time
	Data             json.RawMessage // as it came
	Signature        string          // empty: unsigned
	signed           func(secret []byte) string
}

// errPoison is wrapped by errors of records that no later attempt will understand.
var errPoison = errors.New("poison")

func poison(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errPoison, fmt.Errorf(format, args...))
}

// maxRecord bounds what is parsed; an event of ours has one or two kilobytes.
const maxRecord = 64 << 10

// Parse understands CloudEvents in binary and structured mode, and the original's flat JSON.
func Parse(r *kgo.Record) (Event, error) {
	if len(r.Value) > maxRecord {
		return Event{}, poison("%d bytes are more than any event has", len(r.Value))
	}
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[strings.ToLower(h.Key)] = string(h.Value)
	}
	media, _, _ := strings.Cut(headers["content-type"], ";")
	switch {
	case media == "application/cloudevents+json":
		return parseStructured(r.Value)
	case headers["ce_specversion"] != "":
		return parseCloudEvent(attributes{
			SpecVersion: headers["ce_specversion"], ID: headers["ce_id"], Source: headers["ce_source"], Type: headers["ce_type"],
			Subject: headers["ce_subject"], Time: headers["ce_time"], Signature: headers[kafka.SignatureHeader],
			Data: r.Value,
		})
	}
	return parseFlat(r, headers[kafka.SourceHeader])
}

// attributes are those of a CloudEvent that are looked at; others are allowed.
type attributes struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Time        string          `json:"time"`
	Signature   string          `json:"signature"`
	Data        json.RawMessage `json:"data"`
}

func parseStructured(text []byte) (Event, error) {
	var a attributes
	if err := json.Unmarshal(text, &a); err != nil {
		return Event{}, poison("no CloudEvent: %w", err)
	}
	return parseCloudEvent(a)
}

func parseCloudEvent(a attributes) (Event, error) {
	if a.SpecVersion != relay.SpecVersion || a.ID == "" || a.Source == "" || a.Type == "" {
		return Event{}, poison("a CloudEvent 1.0 has specversion, id, source and type")
	}
	at, err := time.Parse(time.RFC3339Nano, a.Time)
	if err != nil {
		return Event{}, poison("time: %w", err)
	}
	var data relay.Data
	if err := json.Unmarshal(a.Data, &data); err != nil {
		return Event{}, poison("data: %w", err)
	}
	e := Event{ID: a.ID, Source: a.Source, Type: a.Type, Employee: a.Subject, At: at, Data: a.Data, Signature: a.Signature}
	if s := data.Session; s != nil {
		e.Terminal, e.Device, e.Session = string(s.TerminalID), s.DeviceName, s.SessionID.String()
		if string(s.EmployeeID) != a.Subject {
			return Event{}, poison("subject and session name different employees")
		}
	}
	if data.Reason != nil {
		e.Reason = *data.Reason
	}
	e.signed = func(secret []byte) string {
		return relay.Signature(secret, a.ID, a.Source, a.Type, a.Subject, a.Time, a.Data)
	}
	return e, nil
}

// parseFlat reads the original's form. It has no id: the place of the record is one, and stays the
// same however often it is read. It has no source either: the topic is one, unless a hub wrote the event,
// which then says so.
func parseFlat(r *kgo.Record, source string) (Event, error) {
	var flat struct {
		kafka.POSEvent
		EmployeeID any `json:"employee_id"` // the original's is a number
	}
	if err := json.Unmarshal(r.Value, &flat); err != nil {
		return Event{}, poison("neither a CloudEvent nor flat JSON: %w", err)
	}
	at, err := parseTime(flat.Timestamp)
	if err != nil {
		return Event{}, poison("timestamp: %w", err)
	}
	employee := ""
	switch id := flat.EmployeeID.(type) {
	case string:
		employee = id
	case float64:
		employee = fmt.Sprintf("%.0f", id)
	}
	if flat.EventType == "" || employee == "" {
		return Event{}, poison("event_type and employee_id must be there")
	}
	return Event{
		ID: fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset), Source: cmp.Or(source, r.Topic), Type: flat.EventType, Employee: employee,
		Username: flat.Username, Terminal: flat.TerminalID, Reason: flat.Reason, At: at, Data: r.Value,
	}, nil
}

// parseTime also takes Python's isoformat, which has no zone: UTC, as the original ran.
func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		if bare, bad := time.Parse("2006-01-02T15:04:05.999999", text); bad == nil {
			return bare, nil
		}
	}
	return at, err
}

// IsLogin reports whether somebody logged in.
func (e *Event) IsLogin() bool { return e.Type == session.Started.String() || e.Type == kafka.POSLogin }

// IsFlat reports whether the event had the original's form.
func (e *Event) IsFlat() bool { return e.signed == nil }
