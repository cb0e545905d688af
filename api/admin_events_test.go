package api

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// worldLog is the world's log by number.
type worldLog struct{ w *world }

func (l worldLog) Read(_ context.Context, after string, limit int) (page LogPage, err error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	at, _ := strconv.Atoi(after)
	if l.w.down != nil {
		return page, l.w.down
	}
	if at > len(l.w.log) {
		return page, session.ErrCursorExpired
	}
	to := min(at+limit, len(l.w.log))
	for _, e := range l.w.log[at:to] {
		text, _ := json.Marshal(map[string]any{"subject": e.Employee, "actor": e.Actor, "cursor": nil})
		page.Events = append(page.Events, LoggedEvent{Type: e.Type.String(), JSON: text})
	}
	page.Next, page.More = strconv.Itoa(to), to < len(l.w.log)
	return page, nil
}

func (l worldLog) End(context.Context) (string, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return strconv.Itoa(len(l.w.log)), nil
}

func TestOperatorsFollowTheEventsAndComeBackWhereTheyWere(t *testing.T) {
	var w *world
	b := start(t, func(o *Options) {
		w = o.Clock.(*world)
		o.Events, o.StreamBeat = worldLog{w}, 50*time.Millisecond
	})
	b.hire("ada")
	b.login("t-1")
	s := b.openAt("/v1/admin/events", adminKey)
	next := func(s *stream) (e event) {
		for e.name == "" {
			var ok bool
			e, ok = s.line()
			require.True(t, ok)
		}
		return e
	}
	b.login("t-2")
	require.Equal(t, "hotseat.session.terminated.v1", next(s).name, "from now on")
	last := next(s)
	require.Equal(t, "hotseat.session.started.v1", last.name)
	require.NotEmpty(t, last.id)

	b.fail(session.ErrUnavailable) // a store that is away ends no stream
	time.AfterFunc(20*time.Millisecond, func() { b.fail(nil) })
	b.post("/v1/sessions", serviceKey, `{"employee_id":"eve"}`)
	require.Eventually(t, func() bool { return b.post("/v1/sessions", serviceKey, `{"employee_id":"eve"}`).StatusCode == 200 }, 10*time.Second, time.Millisecond)
	e := next(s)
	require.Equal(t, "hotseat.session.started.v1", e.name)
	require.Contains(t, e.data, `"actor":"shop"`)

	again := b.openAt("/v1/admin/events", adminKey, "Last-Event-ID", last.id)
	require.Equal(t, e.data, next(again).data)
	require.Contains(t, next(b.openAt("/v1/admin/events?cursor=start", adminKey)).data, "ada")
	b.get("/v1/admin/events?cursor=OTk5OQ", adminKey).problem(410, "cursor_expired")
	b.get("/v1/admin/events?cursor=%25", adminKey).problem(400, "invalid_request")
}

func TestStatsAreTheNodesOwnCountsAndHoldNoID(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.login("till-1")
	a := b.get("/v1/admin/stats", adminKey)
	require.Contains(t, a.is(200)["stats"], map[string]any{
		"name": "hotseat_logins_total", "labels": "kind=password,outcome=ok", "kind": "counter", "value": 1.0,
	})
	require.NotContains(t, string(a.text), "ada")
	require.NotContains(t, string(a.text), "till-1")
}
