package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/session"
)

// reader is the world's log as a tail reads it.
type reader struct {
	world *world
	at    int
}

func (r *reader) Next(context.Context) ([]session.Event, error) {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	if r.world.down != nil {
		return nil, r.world.down
	}
	events := r.world.log[r.at:]
	r.at = len(r.world.log)
	return events, nil
}

// deaf are sockets of nobody.
type deaf struct{}

func (deaf) TellSession(session.Notice) int { return 0 }

// startFeed runs an API whose revocations are a real feed behind a real tail.
func startFeed(t *testing.T) *bench {
	t.Helper()
	var feed *enforce.Feed
	b := start(t, func(o *Options) {
		feed = enforce.NewFeed(enforce.FeedOptions{Boot: [8]byte{1}, Now: o.Clock.Now, Lifetime: o.Tokens.Lifetime()})
		o.Revocations = feed
	})
	tail, err := enforce.NewTail(enforce.TailOptions{
		Source: &reader{world: b.world}, Sockets: deaf{}, Feed: feed, Every: time.Millisecond,
		View: enforce.NewView(enforce.Options{Rows: b.world, Now: b.Now}),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- tail.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	none := func(context.Context, session.Time, string, int) ([]session.Event, string, error) { return nil, "", nil }
	require.NoError(t, feed.Load(ctx, none, slog.New(slog.DiscardHandler)))
	b.hire("ada")
	return b
}

// page reads a page once the feed knows of as many endings.
func (b *bench) page(cursor string, items int) (p revocationsView) {
	b.Helper()
	require.Eventually(b, func() bool {
		a := b.get("/v1/revocations?limit=2&cursor="+cursor, serviceKey)
		if a.StatusCode == 503 { // before the first poll
			return false
		}
		a.is(200)
		var view struct {
			revocationsView
			Items []struct {
				Session session.ID `json:"session_id"`
				Reason  string     `json:"reason"`
			} `json:"items"`
		}
		require.NoError(b, json.Unmarshal(a.text, &view))
		p = view.revocationsView
		p.Items = nil
		for _, one := range view.Items {
			p.Items = append(p.Items, revocationView{SessionID: one.Session, Reason: one.Reason})
		}
		return len(p.Items) >= items
	}, 10*time.Second, time.Millisecond)
	return p
}

func TestRevocationsAreReadPageByPageAndGoOnWhereTheCursorIs(t *testing.T) {
	b := startFeed(t)
	first := b.page("", 0)
	require.Empty(t, first.Items)
	one, two := b.login("t-1"), b.login("t-2")
	b.post("/v1/admin/employees/ada/end-sessions", adminKey, "").is(200)
	g := b.login("t-3")
	require.Equal(t, 204, b.del("/v1/session", g.AccessToken).StatusCode)

	require.Eventually(t, func() bool { return b.page(first.Cursor, 2).More }, 10*time.Second, time.Millisecond)
	page := b.page(first.Cursor, 2)
	require.Equal(t, []revocationView{
		{SessionID: one.Session.SessionID, Reason: "new_login"}, {SessionID: two.Session.SessionID, Reason: "admin"},
	}, page.Items)
	require.Equal(t, first.AsOf, page.AsOf, "half of the news makes nobody's knowledge complete")
	last := b.page(page.Cursor, 1)
	require.False(t, last.More)
	require.Equal(t, []revocationView{{SessionID: g.Session.SessionID, Reason: "logout"}}, last.Items)
	require.Len(t, b.page("", 2).Items, 2, "without a cursor all of it")

	b.get("/v1/revocations?cursor=nonsense", serviceKey).problem(400, "invalid_request")
	b.get("/v1/revocations?limit=0", serviceKey).problem(400, "invalid_request")
	b.advance(20 * time.Minute)
	b.get("/v1/revocations?cursor="+last.Cursor, serviceKey).problem(410, "cursor_expired")
	require.Eventually(t, func() bool { return b.page("", 0).AsOf > last.AsOf }, 10*time.Second, time.Millisecond)
	require.Empty(t, b.page("", 0).Items, "no token of theirs can live")
}

// feed reads the next event of a feed. The ticks that may come before a revocation are passed over.
func (s *stream) feed(name string) (data map[string]any) {
	s.Helper()
	e, ok := s.line()
	for name != "as_of" && e.name == "as_of" {
		e, ok = s.line()
	}
	require.True(s, ok, "the stream has ended")
	require.Equal(s, name, e.name, "%s", e.data)
	require.NoError(s, json.Unmarshal([]byte(e.data), &data))
	if id, _ := data["cursor"].(string); id != e.id {
		s.Errorf("event %s has id %q and cursor %q", name, e.id, id)
	}
	return data
}

func TestTheFeedOfRevocationsSaysEverySecondUpToWhenItIsComplete(t *testing.T) {
	b := startFeed(t)
	b.page("", 0)
	b.login("t-1")
	b.login("t-2")
	b.page("", 1)
	s := b.openAt("/v1/revocations", serviceKey, "Accept", "text/event-stream")
	require.Equal(t, "text/event-stream", s.Header.Get("Content-Type"))
	require.Equal(t, "new_login", s.feed("revocation")["reason"])
	cursor := s.feed("as_of")["cursor"].(string)
	g := b.login("t-3")
	require.Equal(t, "new_login", s.feed("revocation")["reason"])
	began := time.Now()
	s.feed("as_of")
	s.feed("as_of")
	require.Less(t, time.Since(began), 5*time.Second, "as_of comes without news")

	// Whoever comes back with the last as_of gets what followed it.
	again := b.openAt("/v1/revocations", serviceKey, "Accept", "text/event-stream", "Last-Event-ID", cursor)
	again.feed("revocation")
	require.Equal(t, 204, b.del("/v1/session", g.AccessToken).StatusCode)
	again.feed("as_of")
	require.Equal(t, g.Session.SessionID.String(), again.feed("revocation")["session_id"])

	b.api.EndStreams()
	b.api.EndStreams()
	for ok := true; ok; {
		_, ok = s.line()
	}
}

func TestAnIncompleteListOfRevocationsIsRefusedNotShown(t *testing.T) {
	b := start(t, func(o *Options) {
		o.Revocations = enforce.NewFeed(enforce.FeedOptions{Now: o.Clock.Now, Lifetime: time.Minute})
	})
	b.get("/v1/revocations", serviceKey).problem(503, "stale_view")
	a := b.send(request{path: "/v1/revocations", bearer: serviceKey, header: map[string][]string{"Accept": {"text/event-stream"}}})
	a.problem(503, "stale_view")
}
