package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/session"
)

type letters []DeadLetter

func (l letters) DeadLetters(_ context.Context, limit int) ([]DeadLetter, error) {
	if l == nil {
		return nil, session.ErrUnavailable
	}
	return l[:min(limit, len(l))], nil
}

var ended = relay.Encode(testIssuer, session.Event{
	Type: session.Terminated, Employee: "ada", Epoch: 2, N: 1, At: 1, Reason: session.ReasonNewLogin, By: session.By{Terminal: "till-2"},
	Session: session.Session{ID: session.ID{1}, Terminal: "till-1", Epoch: 1, CreatedAt: 1, ExpiresAt: 2},
})

func TestOperatorsListDeadLetters(t *testing.T) {
	var event map[string]any
	require.NoError(t, json.Unmarshal(ended.Structured(), &event))
	letter := DeadLetter{Receiver: "shop", EventID: "ada/2/1", At: 1_750_000_000_000, Why: "answered 422", Event: ended.Structured()}
	b := start(t, func(o *Options) { o.DeadLetters = letters{letter, letter} })
	require.Equal(t, map[string]any{"dead_letters": []any{map[string]any{
		"receiver": "shop", "event_id": "ada/2/1", "given_up_at": "2025-06-15T15:06:40.000Z", "why": "answered 422", "event": event,
	}}}, b.get("/v1/admin/dead-letters?limit=1", adminKey).is(200))
	for _, limit := range []string{"0", "501", "many"} {
		b.get("/v1/admin/dead-letters?limit="+limit, adminKey).problem(400, "invalid_request")
	}
	start(t, func(o *Options) { o.DeadLetters = letters(nil) }).get("/v1/admin/dead-letters", adminKey).problem(503, "store_unavailable")
	require.Equal(t, map[string]any{"dead_letters": []any{}}, start(t, nil).get("/v1/admin/dead-letters", adminKey).is(200))
}

func TestReceiversOfSecurityEventsAreAnsweredByWhoTransmits(t *testing.T) {
	start(t, nil).get("/.well-known/ssf-configuration", "").problem(404, "not_found")
	b := start(t, func(o *Options) {
		o.SecurityEvents = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"err":"authentication_failed","description":"` + r.Method + " " + r.URL.Path + `"}`))
		})
	})
	require.Equal(t, "GET /ssf/streams", b.get("/ssf/streams", "x").is(401)["description"])
	require.Equal(t, "POST /ssf/poll/idp", b.post("/ssf/poll/idp", "x", `{}`).is(401)["description"])
}
