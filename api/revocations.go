package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Revocations lists the sessions that have ended and whose tokens may still live.
type Revocations interface {
	// After returns up to limit of them that come after cursor, or all without one. It answers
	// session.ErrCursorExpired, ErrBadCursor or ErrIncomplete.
	After(cursor string, limit int) (session.Revocations, error)
	// Changed is closed when there may be more.
	Changed() <-chan struct{}
}

const (
	revocationsPage = 1000
	revocationsMost = 10_000
)

// revocationView is an ended session as those who check tokens see it.
type revocationView struct {
	SessionID      session.ID         `json:"session_id"`
	EmployeeID     session.EmployeeID `json:"employee_id"`
	Epoch          session.Epoch      `json:"epoch"`
	Reason         string             `json:"reason"`
	EndedAt        session.Time       `json:"ended_at"`
	TokensExpireAt session.Time       `json:"tokens_expire_at"`
}

func viewRevocation(r *session.Revocation) revocationView {
	return revocationView{
		SessionID: r.Session, EmployeeID: r.Employee, Epoch: r.Epoch, Reason: r.Reason.String(),
		EndedAt: r.At, TokensExpireAt: r.Until,
	}
}

// revocationsView is one page. AsOf is the time up to which the reader's knowledge is complete once
// it has read this page.
type revocationsView struct {
	Items  []revocationView `json:"items"`
	Cursor string           `json:"cursor"`
	AsOf   session.Time     `json:"as_of"`
	More   bool             `json:"more"`
}

// revocations is GET /v1/revocations: a page, or with Accept: text/event-stream a live feed.
func (x *exchange) revocations() error {
	if x.o.Revocations == nil {
		return notFound("this server lists no revocations")
	}
	query := x.r.URL.Query()
	cursor, limit := query.Get("cursor"), revocationsPage
	if text := query.Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > revocationsMost {
			return invalidRequest("limit must be a number from 1 to %d", revocationsMost)
		}
	}
	if x.wantsStream() {
		if sent := x.r.Header.Get("Last-Event-Id"); sent != "" {
			cursor = sent
		}
		return x.streamRevocations(cursor)
	}
	page, err := x.o.Revocations.After(cursor, limit)
	if err != nil {
		return err
	}
	view := revocationsView{Items: make([]revocationView, len(page.Items)), Cursor: page.Cursor, AsOf: page.AsOf, More: page.More}
	for i := range page.Items {
		view.Items[i] = viewRevocation(&page.Items[i])
	}
	return x.reply(http.StatusOK, view)
}

// wantsStream reports whether the client asks for server-sent events.
func (x *exchange) wantsStream() bool {
	return strings.Contains(x.r.Header.Get("Accept"), "text/event-stream")
}

// asOfEvery is how often a feed says up to when it is complete.
const asOfEvery = time.Second

// asOfView says that the reader now knows every ending that was committed before.
type asOfView struct {
	AsOf   session.Time `json:"as_of"`
	Cursor string       `json:"cursor"`
}

// streamRevocations writes an event `revocation` for each, and `as_of` at once when the reader has
// them all and then every second. The id of as_of is the cursor to come back with; a revocation has
// none, so that whoever comes back reads again what followed the last as_of.
func (x *exchange) streamRevocations(cursor string) error {
	changed := x.o.Revocations.Changed()
	page, err := x.o.Revocations.After(cursor, revocationsPage) // while it can still be refused
	if err != nil {
		return err
	}
	x.beginStream()
	tick := time.NewTicker(asOfEvery)
	defer tick.Stop()
	for due := true; ; {
		var text []byte
		for i := range page.Items {
			text = appendJSONEvent(text, "revocation", "", viewRevocation(&page.Items[i]))
		}
		if due && !page.More {
			text, due = appendJSONEvent(text, "as_of", page.Cursor, asOfView{page.AsOf, page.Cursor}), false
		}
		if len(text) > 0 && !x.streamed(text) {
			return nil
		}
		if !page.More {
			select {
			case <-changed:
			case <-tick.C:
				due = true
			case <-x.streams.ended:
				return nil
			case <-x.r.Context().Done():
				return nil
			}
		}
		changed = x.o.Revocations.Changed() // before the read: what comes in between is news
		if page, err = x.o.Revocations.After(page.Cursor, revocationsPage); err != nil {
			return nil // a reader this slow comes back, and is told
		}
	}
}
