package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// DeadLetter is an event that a receiver would not take.
type DeadLetter struct {
	Receiver string
	EventID  string
	At       session.Time // given up
	Why      string
	Event    []byte // a structured CloudEvent
}

// DeadLetters lists what was given up, the newest first.
type DeadLetters interface {
	DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error)
}

// deadLetterView is one on the wire.
type deadLetterView struct {
	Receiver string          `json:"receiver"`
	EventID  string          `json:"event_id"`
	At       session.Time    `json:"given_up_at"`
	Why      string          `json:"why"`
	Event    json.RawMessage `json:"event"`
}

// listDeadLetters is GET /v1/admin/dead-letters.
func (x *exchange) listDeadLetters() error {
	limit := defaultPage
	if text := x.r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPage {
			return invalidRequest("limit must be a number from 1 to %d", maxPage)
		}
	}
	page := struct {
		DeadLetters []deadLetterView `json:"dead_letters"`
	}{DeadLetters: []deadLetterView{}}
	if x.o.DeadLetters == nil {
		return x.reply(http.StatusOK, page)
	}
	letters, err := x.o.DeadLetters.DeadLetters(x.r.Context(), limit)
	if err != nil {
		return err
	}
	for _, l := range letters {
		page.DeadLetters = append(page.DeadLetters, l.view())
	}
	return x.reply(http.StatusOK, page)
}

func (l *DeadLetter) view() deadLetterView {
	return deadLetterView{Receiver: l.Receiver, EventID: l.EventID, At: l.At, Why: l.Why, Event: l.Event}
}

// securityEvents hands the routes of the Shared Signals Framework to who transmits; it knows receivers
// by credentials of their own, and answers in the framework's own forms.
func (x *exchange) securityEvents() error {
	switch {
	case x.o.SecurityEvents != nil:
	case strings.HasPrefix(x.r.URL.Path, "/ssf/"):
		return invalidToken("this server has no receivers of security events, so no stream has this credential")
	default:
		return notFound("this server has no receivers of security events")
	}
	x.o.SecurityEvents.ServeHTTP(x.w, x.r)
	return nil
}
