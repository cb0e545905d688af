package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// stream is an open stream of events.
type stream struct {
	testing.TB
	*http.Response
	lines *bufio.Reader
}

// event is one event, or a comment when it has no name.
type event struct{ name, id, data string }

// open begins a terminal's stream.
func (b *bench) open(bearer, query string, header ...string) *stream {
	b.Helper()
	return b.openAt("/v1/session/events"+query, bearer, header...)
}

// openAt begins a stream that ends with the test at the latest.
func (b *bench) openAt(path, bearer string, header ...string) *stream {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	b.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", b.server.URL+path, nil)
	require.NoError(b, err)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := b.server.Client().Do(r)
	require.NoError(b, err)
	b.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(b, 200, response.StatusCode)
	checkExchange(b, r, response, nil)
	return &stream{TB: b, Response: response, lines: bufio.NewReader(response.Body)}
}

// line reads what comes next, comments too; false at the stream's end.
func (s *stream) line() (e event, ok bool) {
	s.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return e, false
		}
		require.NoError(s, err)
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			return e, true
		default:
			require.Equal(s, ":", name, "%q", line)
		}
	}
}

// next reads the next event.
func (s *stream) next(name string) map[string]any {
	s.Helper()
	for {
		e, ok := s.line()
		require.True(s, ok, "the stream ended before %s", name)
		if e.name == "" {
			continue
		}
		require.Equal(s, name, e.name)
		var m map[string]any
		require.NoError(s, json.Unmarshal([]byte(e.data), &m))
		require.Equal(s, name, m["type"])
		if seq, numbered := m["seq"]; numbered {
			require.Equal(s, fmt.Sprint(seq), e.id)
		} else {
			require.Empty(s, e.id)
		}
		return m
	}
}

func (s *stream) ends() {
	s.Helper()
	e, ok := s.line()
	require.False(s, ok, "%v", e)
}

// later does a request beside the test.
func (b *bench) later(q request) <-chan *answer {
	done := make(chan *answer, 1)
	go func() { done <- b.send(q) }()
	return done
}

const takeover = `{"employee_id":"ada","terminal_id":"till-2","password":"` + adaPassword + `"}`

func deliveryOf(a *answer) string {
	a.Helper()
	g := a.grant()
	require.Len(a, *g.Terminated, 1)
	return (*g.Terminated)[0].Delivery
}

func TestAStreamIsToldAndItsAckIsInTheLoginsReply(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	s := b.open(g.AccessToken, "")
	require.Equal(t, "text/event-stream", s.Header.Get("Content-Type"))
	require.Equal(t, "no-store", s.Header.Get("Cache-Control"))
	require.Equal(t, "no", s.Header.Get("X-Accel-Buffering"))
	require.Equal(t, g.Session.SessionID.String(), s.next("session_established")["session_id"])

	reply := b.later(request{method: "POST", path: "/v1/login?wait=acked&timeout_ms=2000", body: takeover})
	told := s.next("session_terminated")
	require.Equal(t, "new_login", told["reason"])
	require.Equal(t, "till-2", told["by"].(map[string]any)["terminal_id"])
	s.ends()
	require.Equal(t, 204, b.post("/v1/session/ack", g.AccessToken, `{"seq":1}`).StatusCode)
	require.Equal(t, "acked", deliveryOf(<-reply))
	require.Equal(t, 204, b.post("/v1/session/ack", g.AccessToken, `{"seq":1}`).StatusCode, "again, for nobody")
}

func TestAPollIsToldAndItsAckIsInTheLoginsReply(t *testing.T) {
	b := start(t, func(o *Options) { o.PollWait = 20 * time.Second })
	b.hire("ada")
	g := b.login("till-1")
	first := b.get("/v1/session/poll", g.AccessToken).is(200)
	require.Equal(t, 0.0, first["seq"])
	require.Equal(t, "session_established", first["messages"].([]any)[0].(map[string]any)["type"])

	poll := b.later(request{path: "/v1/session/poll?after=0", bearer: g.AccessToken})
	require.Eventually(t, func() bool { return len(b.hub.SocketsOf(g.Session.SessionID)) == 1 }, 10*time.Second, time.Millisecond)
	reply := b.later(request{method: "POST", path: "/v1/login?wait=acked&timeout_ms=2000", body: takeover})
	told := (<-poll).is(200)
	require.Equal(t, 1.0, told["seq"])
	require.Len(t, told["messages"], 1)
	require.Equal(t, "new_login", told["messages"].([]any)[0].(map[string]any)["reason"])
	require.Equal(t, 204, b.post("/v1/session/ack", g.AccessToken, `{"seq":1}`).StatusCode)
	require.Equal(t, "acked", deliveryOf(<-reply))
}

func TestAPollWithoutNewsEndsInTime(t *testing.T) {
	require.Equal(t, 25*time.Second, pollWait)
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	begin := time.Now()
	none := b.get("/v1/session/poll?after=0", g.AccessToken).is(200)
	require.GreaterOrEqual(t, time.Since(begin), 20*time.Millisecond)
	require.Equal(t, map[string]any{"messages": []any{}, "seq": 0.0}, none)
	require.Eventually(t, func() bool { return len(b.hub.SocketsOf(g.Session.SessionID)) == 0 }, 10*time.Second, time.Millisecond)
}

func TestWhoeverComesAfterTheEndIsToldItAtOnceOnEveryRung(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	require.Equal(t, "offline", deliveryOf(b.post("/v1/login", "", takeover)))
	for range 2 {
		s := b.open(g.AccessToken, "")
		require.Equal(t, "new_login", s.next("session_terminated")["reason"])
		s.ends()
		for _, query := range []string{"", "?after=0"} {
			told := b.get("/v1/session/poll"+query, g.AccessToken).is(200)
			require.Equal(t, "new_login", told["messages"].([]any)[0].(map[string]any)["reason"])
		}
		b.advance(16 * time.Minute) // the token has expired as well
	}
	require.Equal(t, map[string]any{"messages": []any{}, "seq": 1.0}, b.get("/v1/session/poll?after=1", g.AccessToken).is(200))
	seen := b.send(request{path: "/v1/session/events", bearer: g.AccessToken, header: http.Header{"Last-Event-Id": {"1"}}})
	require.Equal(t, 204, seen.StatusCode, "an EventSource comes back after anything else")
	require.Equal(t, 204, b.post("/v1/session/ack", g.AccessToken, `{"seq":1}`).StatusCode)
}

func TestAnExpiredTokenOfALiveSessionIsToBeRefreshed(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	s := b.open(g.AccessToken, "")
	s.next("session_established")
	b.advance(16 * time.Minute)
	b.get("/v1/session/events", g.AccessToken).problem(401, "token_expired")
	b.get("/v1/session/poll", g.AccessToken).problem(401, "token_expired")
	b.post("/v1/login", "", takeover).grant()
	s.next("session_terminated") // a stream lives as long as its session
}

func TestATicketOpensOneStream(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	ticket := func() string {
		return "?ticket=" + b.post("/v1/ws-ticket", g.AccessToken, "").is(200)["ticket"].(string)
	}
	first := ticket()
	b.open("", first).next("session_established")
	b.get("/v1/session/events"+first, "").problem(401, "invalid_token")
	b.get("/v1/session/events?ticket=garbage", "").problem(401, "invalid_token")
	b.get("/v1/session/events"+ticket(), "garbage").problem(401, "invalid_token") // the header counts
	b.get("/v1/session/poll"+ticket(), "").problem(401, "invalid_token")          // each poll would need another
	late := ticket()
	b.advance(31 * time.Second)
	b.get("/v1/session/events"+late, "").problem(401, "invalid_token")
}

func TestAStreamGoesOnFromTheLastEvent(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	s := b.open(g.AccessToken, "", "Last-Event-ID", "0")
	e, ok := s.line()
	require.True(t, ok)
	require.Equal(t, event{}, e, "a first byte without an event")
	b.post("/v1/login", "", takeover).grant()
	s.next("session_terminated")
}

func TestAStreamSaysThatItLivesLongerThanTheServersTimeouts(t *testing.T) {
	require.Equal(t, 15*time.Second, streamBeat)
	b := start(t, func(o *Options) { o.StreamBeat = 10 * time.Millisecond })
	b.hire("ada")
	g := b.login("till-1")
	b.server.Config.WriteTimeout = 30 * time.Millisecond
	s := b.open(g.AccessToken, "")
	s.next("session_established")
	for range 10 {
		e, ok := s.line()
		require.True(t, ok)
		require.Equal(t, event{}, e)
	}
}

// stuck is the connection of a reader that does not read.
type stuck struct {
	http.ResponseWriter
	deadline time.Time
}

func (s *stuck) SetWriteDeadline(t time.Time) error {
	s.deadline = t
	return nil
}

func (s *stuck) Write([]byte) (int, error) {
	if s.deadline.IsZero() {
		select {} // net/http would wait for ever
	}
	return 0, os.ErrDeadlineExceeded
}

func TestAReaderThatDoesNotReadLosesItsStream(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	r, err := http.NewRequest("GET", "/v1/session/events", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+g.AccessToken)
	w := &stuck{ResponseWriter: newRecorder()}
	b.api.Handler().ServeHTTP(w, r)
	require.WithinDuration(t, time.Now().Add(slowReader), w.deadline, 5*time.Second)
	require.Empty(t, b.hub.SocketsOf(g.Session.SessionID))
}

func TestAClientThatGoesIsNoLongerASocket(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	s := b.open(g.AccessToken, "")
	s.next("session_established")
	require.Contains(t, b.ops("/metrics").Body.String(), `hotseat_sockets{transport="sse"} 1`)
	require.NoError(t, s.Body.Close())
	require.Eventually(t, func() bool { return len(b.hub.SocketsOf(g.Session.SessionID)) == 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, "offline", deliveryOf(b.post("/v1/login", "", takeover)))
	require.Contains(t, b.ops("/metrics").Body.String(), `hotseat_sockets{transport="sse"} 0`)
}

func TestTheOldestOfTooManyStreamsEnds(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	b.surplus = b.hub.CloseSurplus
	oldest := b.open(g.AccessToken, "")
	oldest.next("session_established")
	for range session.MaxSockets {
		b.open(g.AccessToken, "").next("session_established")
	}
	oldest.ends()
	require.Eventually(t, func() bool { return len(b.hub.SocketsOf(g.Session.SessionID)) == session.MaxSockets }, 10*time.Second, time.Millisecond)
}

func TestAStoreThatIsAwayEndsNothingOnTheRungs(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	ticket := b.post("/v1/ws-ticket", g.AccessToken, "").is(200)["ticket"].(string)
	b.fail(session.ErrUnavailable)
	b.get("/v1/session/events", g.AccessToken).problem(503, "store_unavailable")
	b.get("/v1/session/events?ticket="+ticket, "").problem(503, "store_unavailable")
	b.get("/v1/session/poll", g.AccessToken).problem(503, "store_unavailable")
	b.advance(16 * time.Minute)
	b.get("/v1/session/poll", g.AccessToken).problem(503, "store_unavailable")
}

func TestBadNumbersAndBadAcksAreRefused(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	for _, bad := range []string{"-1", "x", "1.0", "99999999999"} {
		require.Contains(t, b.get("/v1/session/poll?after="+bad, g.AccessToken).problem(400, "invalid_request")["detail"], "after")
		a := b.send(request{path: "/v1/session/events", bearer: g.AccessToken, header: http.Header{"Last-Event-Id": {bad}}})
		require.Contains(t, a.problem(400, "invalid_request")["detail"], "Last-Event-ID")
	}
	for _, bad := range []string{`{}`, `{"seq":-1}`, `{"seq":"1"}`, `{"seq":1,"x":1}`, `{"seq":1.5}`, `{"seq":1}{}`, `[]`, `{"seq":null}`} {
		b.post("/v1/session/ack", g.AccessToken, bad).problem(400, "invalid_request")
	}
	b.send(request{method: "POST", path: "/v1/session/ack", bearer: g.AccessToken, body: `{"seq":1}`, header: http.Header{"Content-Type": {"text/plain"}}}).
		problem(415, "unsupported_media_type")
	require.Equal(t, 204, b.post("/v1/session/ack", g.AccessToken, `{"seq":0}`).StatusCode, "of established: means nothing")
	b.get("/v1/session", g.AccessToken).is(200)
}

func TestAHeadTakesNoPlaceAndSpendsNoTicket(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	ticket := "?ticket=" + b.post("/v1/ws-ticket", g.AccessToken, "").is(200)["ticket"].(string)
	for _, path := range []string{"/v1/session/events" + ticket, "/v1/session/poll"} {
		require.Equal(t, 200, b.send(request{method: "HEAD", path: path, bearer: map[bool]string{true: g.AccessToken}[path == "/v1/session/poll"]}).StatusCode)
	}
	require.Empty(t, b.hub.SocketsOf(g.Session.SessionID))
	b.open("", ticket).next("session_established")
}

func TestAServerWithoutSubscriptionsHasNoRungs(t *testing.T) {
	b := start(t, func(o *Options) { o.Subscriptions = nil })
	b.hire("ada")
	g := b.login("till-1")
	for _, path := range []string{"/v1/session/events", "/v1/session/poll"} {
		b.get(path, g.AccessToken).problem(404, "not_found")
	}
	b.post("/v1/session/ack", g.AccessToken, `{"seq":1}`).problem(404, "not_found")
}
