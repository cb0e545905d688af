package api

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
	"github.com/hotseat-hub/hotseat/persistence/relay/webhook"
	"github.com/hotseat-hub/hotseat/session"
)

// schemaOf is one schema of the document, by its place.
func schemaOf(t *testing.T, place string) func(text []byte) error {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	whole, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asyncAPI)))
	require.NoError(t, err)
	require.NoError(t, compiler.AddResource("asyncapi.json", whole))
	schema, err := compiler.Compile("asyncapi.json#" + place)
	require.NoError(t, err)
	return func(text []byte) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		require.NoError(t, err)
		return schema.Validate(value)
	}
}

// everyEvent has each type with each reason.
func everyEvent() (events []relay.Event) {
	for typ := session.Started; typ <= session.EmployeeUnlocked; typ++ {
		for reason := session.ReasonEnded; reason <= session.ReasonTokenReuse; reason++ {
			e := session.Event{Type: typ, Reason: reason, Employee: "ada", Epoch: 2, N: 1, At: 1, By: session.By{Terminal: "till-2", Device: "d", Name: "ops"}, Actor: "ops"}
			if typ != session.EmployeeLocked && typ != session.EmployeeUnlocked {
				e.Session = session.Session{ID: session.ID{1}, Terminal: "till-1", Epoch: 1, CreatedAt: 1, ExpiresAt: 2, ExternalID: "x"}
			}
			events = append(events, relay.Encode(testIssuer, e))
		}
	}
	return events
}

func headers(t *testing.T, pairs map[string]string) []byte {
	t.Helper()
	text, err := json.Marshal(pairs)
	require.NoError(t, err)
	return text
}

func TestRecordsInKafkaAreAsTheDocumentSays(t *testing.T) {
	head := schemaOf(t, "/channels/session_events/messages/event/headers")
	payload := schemaOf(t, "/channels/session_events/messages/event/payload")
	records, err := kafka.Signed([]byte("sixteen and more"))(t.Context(), everyEvent())
	require.NoError(t, err)
	for _, r := range records {
		pairs := map[string]string{}
		for _, h := range r.Headers {
			pairs[h.Key] = string(h.Value)
		}
		require.NoError(t, head(headers(t, pairs)))
		require.NoError(t, payload(r.Value), "%s", r.Value)
		require.Equal(t, pairs["ce_subject"], string(r.Key))
		delete(pairs, "ce_id")
		require.Error(t, head(headers(t, pairs)))
	}
	require.Error(t, payload([]byte(`{"session":null,"reason":"bored","by":null,"actor":null,"epoch":1,"at":"2026-01-01T00:00:00.000Z"}`)))
}

// names calls everybody by the id.
type names struct{}

func (names) Username(_ context.Context, id session.EmployeeID) (string, error) {
	return string(id), nil
}

func TestTheOriginalsEventsAreAsTheDocumentSays(t *testing.T) {
	head := schemaOf(t, "/channels/pos_events/messages/event/headers")
	payload := schemaOf(t, "/channels/pos_events/messages/event/payload")
	events := slices.DeleteFunc(everyEvent(), func(e relay.Event) bool { // a logout is an ending of its own
		return e.Reason == session.ReasonLogout && e.Type != session.Ended
	})
	records, err := kafka.POS(names{})(t.Context(), events)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, r := range records {
		require.NoError(t, payload(r.Value), "%s", r.Value)
		require.Len(t, r.Headers, 1)
		require.NoError(t, head(headers(t, map[string]string{r.Headers[0].Key: string(r.Headers[0].Value)})))
		var event kafka.POSEvent
		require.NoError(t, json.Unmarshal(r.Value, &event))
		seen[event.EventType] = true
	}
	require.Len(t, seen, 3)
	require.Error(t, head(headers(t, map[string]string{})))
	require.Error(t, payload([]byte(`{"event_type":"EMPLOYEE_LOGIN","employee_id":"ada","employee_username":"ada","terminal_id":"t","reason":"new_login","timestamp":"2026-01-01T00:00:00.000Z"}`)))
	var doc struct {
		Channels map[string]struct{ Address string }
	}
	require.NoError(t, json.Unmarshal(asyncAPI, &doc))
	require.Equal(t, kafka.POSTopic, doc.Channels["pos_events"].Address)
}

func TestWebhooksAreAsTheDocumentSays(t *testing.T) {
	head, payload := schemaOf(t, "/channels/webhook/messages/event/headers"), schemaOf(t, "/channels/webhook/messages/event/payload")
	p, err := webhook.New("a secret as plain text", nil)
	require.NoError(t, err)
	for _, e := range everyEvent() {
		header, body, _, err := p.Request(&e, time.Now())
		require.NoError(t, err)
		pairs := map[string]string{}
		for name := range header {
			pairs[strings.ToLower(name)] = header.Get(name)
		}
		require.NoError(t, head(headers(t, pairs)))
		require.NoError(t, payload(body), "%s", body)
	}
	require.Error(t, payload([]byte(`{"specversion":"1.0"}`)))
}
