package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// EventLog is the log of all events, in one order that keeps each employee's.
type EventLog interface {
	// Read answers up to about limit events behind a position, and the position to go on from. It
	// answers session.ErrCursorExpired when what followed is gone.
	Read(ctx context.Context, after string, limit int) (LogPage, error)
	// End is the position of the present.
	End(ctx context.Context) (string, error)
}

// LogPage is one reading of the log.
type LogPage struct {
	Events []LoggedEvent
	Next   string
	More   bool // reading again at once will return something
}

// LoggedEvent is a CloudEvent and its type.
type LoggedEvent struct {
	Type string
	JSON []byte // structured mode, one line
}

const (
	eventsPage  = 200
	eventsEvery = 500 * time.Millisecond
)

// adminEvents is GET /v1/admin/events: every event from now on, or from behind Last-Event-ID, as
// CloudEvents. The last event of what was read together has the id to come back with; whoever comes
// back may get a few again, and knows them by the CloudEvent's own id.
func (x *exchange) adminEvents() error {
	if x.o.Events == nil {
		return notFound("this server shows no events")
	}
	at, err := x.eventsFrom()
	if err != nil {
		return err
	}
	page, err := x.o.Events.Read(x.r.Context(), at, eventsPage) // while it can still be refused
	if err != nil {
		return err
	}
	x.beginStream()
	poll, beat := time.NewTicker(eventsEvery), time.NewTicker(x.o.StreamBeat)
	defer poll.Stop()
	defer beat.Stop()
	if !x.streamed(append([]byte(":\n\n"), eventsText(&page)...)) {
		return nil
	}
	for {
		var text []byte
		if !page.More {
			select {
			case <-poll.C:
			case <-beat.C:
				text = []byte(":\n\n")
			case <-x.streams.ended:
				return nil
			case <-x.r.Context().Done():
				return nil
			}
		}
		next, err := x.o.Events.Read(x.r.Context(), page.Next, eventsPage)
		switch {
		case errors.Is(err, session.ErrCursorExpired):
			return nil // the reader comes back, and is told
		case err == nil:
			page = next
			text = append(text, eventsText(&page)...)
		default:
			page.More = false // the store is away: ask again, the reader need not know
		}
		if len(text) > 0 && !x.streamed(text) {
			return nil
		}
	}
}

// eventsFrom is where a reader begins.
func (x *exchange) eventsFrom() (string, error) {
	sent := x.r.Header.Get("Last-Event-Id")
	if sent == "" {
		sent = x.r.URL.Query().Get("cursor")
	}
	switch sent {
	case "":
		return x.o.Events.End(x.r.Context())
	case "start": // all that is kept
		return "", nil
	}
	at, err := base64.RawURLEncoding.DecodeString(sent)
	if err != nil || len(at) > 200 {
		return "", invalidRequest("cursor must be the id of an event that this path gave")
	}
	return string(at), nil
}

func eventsText(page *LogPage) (text []byte) {
	for i := range page.Events {
		e := &page.Events[i]
		text = fmt.Appendf(text, "event: %s\n", e.Type)
		if i == len(page.Events)-1 {
			text = fmt.Appendf(text, "id: %s\n", base64.RawURLEncoding.EncodeToString([]byte(page.Next)))
		}
		text = fmt.Appendf(text, "data: %s\n\n", e.JSON)
	}
	return text
}
