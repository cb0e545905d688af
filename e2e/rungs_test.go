package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// events is one stream of server-sent events, read by a client that knows nothing but the format.
type events struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (s *server) events(query, bearer string) *events {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.listen+"/v1/session/events"+query, nil)
	require.NoError(s.t, err)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := client.Do(request)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { response.Body.Close() })
	require.Equal(s.t, http.StatusOK, response.StatusCode)
	require.Equal(s.t, "text/event-stream", response.Header.Get("Content-Type"))
	return &events{t: s.t, lines: bufio.NewScanner(response.Body)}
}

// next is the data of the next event, which must have this name.
func (e *events) next(name string) (n notice) {
	e.t.Helper()
	said := ""
	for e.lines.Scan() {
		field, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch field {
		case "event":
			said = value
		case "data":
			require.Equal(e.t, name, said)
			require.NoError(e.t, json.Unmarshal([]byte(value), &n))
			return n
		}
	}
	require.Fail(e.t, "the stream ended before "+name, "%v", e.lines.Err())
	return n
}

func (e *events) ends() {
	e.t.Helper()
	for e.lines.Scan() {
		require.Empty(e.t, e.lines.Text())
	}
	require.NoError(e.t, e.lines.Err())
}

// polled is what a poll answers.
type polled struct {
	Messages []notice `json:"messages"`
	Seq      int      `json:"seq"`
}

func (s *server) poll(query, bearer string) (p polled) {
	s.t.Helper()
	a := s.send("GET", "/v1/session/poll"+query, bearer, nil)
	require.NoError(s.t, a.err)
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	require.NoError(s.t, json.Unmarshal(a.body, &p))
	return p
}

// beside does something while the test goes on.
func beside[T any](do func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- do() }()
	return done
}

func (s *server) takeOverAcked(terminal string) <-chan answer {
	return beside(func() answer {
		return s.send("POST", "/v1/sessions?wait=acked&timeout_ms=2000", serviceKey, object{"employee_id": "ada", "terminal_id": terminal})
	})
}

func (s *server) acked(older login, reply <-chan answer) login {
	s.t.Helper()
	a := s.send("POST", "/v1/session/ack", older.AccessToken, object{"seq": 1})
	require.Equal(s.t, http.StatusNoContent, a.status, "%s", a.body)
	newer := s.decodeLogin(<-reply)
	require.Len(s.t, newer.Terminated, 1)
	require.Equal(s.t, older.Session.SessionID, newer.Terminated[0].SessionID)
	require.Equal(s.t, "acked", newer.Terminated[0].Delivery)
	return newer
}

// A terminal that no WebSocket reaches hears of the takeover by a stream, by a poll, and whenever it
// asks afterwards; its ack is in the reply of the login that took the seat.
func TestATakeoverIsHeardAndAckedOnEveryRung(t *testing.T) {
	onEachStore(t, func(t *testing.T, store string) {
		s := start(t, store)
		first := s.mustLogin("ada", "till-1")
		stream := s.events("", first.AccessToken)
		stream.next("session_established")
		reply := s.takeOverAcked("till-2")
		told := stream.next("session_terminated")
		require.Equal(t, "new_login", told.Reason)
		require.Equal(t, "till-2", told.By.TerminalID)
		require.Equal(t, 1, *told.Seq)
		stream.ends()
		second := s.acked(first, reply)

		require.Equal(t, "session_established", s.poll("", second.AccessToken).Messages[0].Type)
		poll := beside(func() polled { return s.poll("?after=0", second.AccessToken) })
		require.Eventually(t, func() bool {
			return strings.Contains(string(s.probe("/metrics").body), `hotseat_sockets{transport="poll"} 1`)
		}, patience, 10*time.Millisecond)
		reply = s.takeOverAcked("till-3")
		answer := <-poll
		require.Equal(t, 1, answer.Seq)
		require.Equal(t, "new_login", answer.Messages[0].Reason)
		third := s.acked(second, reply)

		for _, ended := range []login{first, second} {
			late := s.events("", ended.AccessToken)
			require.Equal(t, "new_login", late.next("session_terminated").Reason)
			late.ends()
			require.Equal(t, "new_login", s.poll("?after=0", ended.AccessToken).Messages[0].Reason)
		}
		require.Equal(t, []seat{third.Session}, s.active("ada"))
	})
}

func TestATicketOpensAStreamOnceAndADrainEndsIt(t *testing.T) {
	s := start(t, embedded(t))
	ada := s.mustLogin("ada", "till-1")
	var ticket struct{ Ticket string }
	require.NoError(t, json.Unmarshal(s.send("POST", "/v1/ws-ticket", ada.AccessToken, nil).body, &ticket))
	stream := s.events("?ticket="+ticket.Ticket, "")
	stream.next("session_established")
	again := s.send("GET", "/v1/session/events?ticket="+ticket.Ticket, "", nil)
	require.Equal(t, http.StatusUnauthorized, again.status, "%s", again.body)
	require.Equal(t, "invalid_token", again.problem().Code)

	stopped := beside(s.Terminate)
	stream.next("server_draining")
	stream.ends()
	require.Zero(t, <-stopped)
}

// The till is served by whatever was built, under a policy that allows nothing inline.
func TestTheTillIsServedWithItsFiles(t *testing.T) {
	s := start(t, embedded(t))
	page := s.send("GET", "/", "", nil)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.NotContains(t, page.header.Get("Content-Security-Policy"), "unsafe")
	asset := ""
	for _, part := range strings.Split(string(page.body), `"`) {
		if !strings.HasPrefix(part, "/") {
			continue
		}
		file := s.send("GET", part, "", nil)
		require.Equal(t, http.StatusOK, file.status, part)
		if strings.HasPrefix(part, "/assets/") {
			asset = part
			require.Contains(t, file.header.Get("Cache-Control"), "immutable")
		}
	}
	require.NotEmpty(t, asset, "the page has no script")
}
