package compat_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// loginMutation is what the original's front end sends.
const loginMutation = `mutation Login($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    token
    employee { id username firstName lastName email role employeeId }
    terminal { terminalId loginTime isActive }
  }
}`

const logoutMutation = `mutation Logout($terminalId: String!) {
  logout(terminalId: $terminalId) { success message }
}`

// operation sends one as the original's Apollo does.
func (s *server) operation(path, authorization, query string, variables map[string]string) map[string]any {
	s.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(s, err)
	status, got := s.ask("POST", path, authorization, string(body))
	require.Equal(s, 200, status, "%v", got)
	return got
}

// seat is what the original's front end keeps of a login.
type seat struct {
	token, terminal string
	raw             map[string]any
}

func (s *server) login(username string) seat {
	s.Helper()
	got := s.operation("/graphql/", "", loginMutation, map[string]string{"username": username, "password": secret})
	require.Nil(s, got["errors"])
	raw := got["data"].(map[string]any)["login"].(map[string]any)
	return seat{raw["token"].(string), raw["terminal"].(map[string]any)["terminalId"].(string), raw}
}

func (s *server) logout(authorization, terminal string) map[string]any {
	s.Helper()
	return s.operation("/graphql/", authorization, logoutMutation, map[string]string{"terminalId": terminal})
}

// tab is a page's socket.
type tab struct {
	*server
	*websocket.Conn
}

// open is what the original's hook does: the terminal's id in the path, and nothing else.
func (s *server) open(terminal string, header ...string) *tab {
	s.Helper()
	o := &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://" + s.listen}}}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Sec-WebSocket-Protocol" {
			o.Subprotocols = strings.Split(header[i+1], ", ")
		} else {
			o.HTTPHeader.Set(header[i], header[i+1])
		}
	}
	conn, _, err := websocket.Dial(context.Background(), "ws://"+s.listen+"/ws/session/"+terminal+"/", o)
	require.NoError(s, err)
	s.Cleanup(func() { _ = conn.CloseNow() })
	return &tab{s, conn}
}

func (w *tab) read() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, text, err := w.Read(ctx)
	return string(text), err
}

// hear is the next message, of that type.
func (w *tab) hear(kind string) map[string]any {
	w.Helper()
	text, err := w.read()
	require.NoError(w, err)
	var m map[string]any
	require.NoError(w, json.Unmarshal([]byte(text), &m))
	require.Equal(w, kind, m["type"], "%s", text)
	return m
}

// closed is the code of the close, which comes next.
func (w *tab) closed(code int) {
	w.Helper()
	text, err := w.read()
	require.Error(w, err, "heard %s", text)
	require.EqualValues(w, code, websocket.CloseStatus(err), "%v", err)
}

// told is the termination in the original's words, its fields first and in its order, then 1000.
func (w *tab) told(message string) map[string]any {
	w.Helper()
	text, err := w.read()
	require.NoError(w, err)
	require.True(w, strings.HasPrefix(text, `{"type":"session_terminated","message":"`+message+`","reason":"auto_logout","timestamp":"`), "%s", text)
	var m map[string]any
	require.NoError(w, json.Unmarshal([]byte(text), &m))
	_, err = time.Parse(time.RFC3339, m["timestamp"].(string))
	require.NoError(w, err)
	w.closed(1000)
	return m
}

// preflight asks what a page of this server's own origin may do.
func preflight(s *server, path string) *http.Response {
	s.Helper()
	r, err := http.NewRequest("OPTIONS", "http://"+s.listen+path, nil)
	require.NoError(s, err)
	r.Header.Set("Origin", "http://"+s.listen)
	r.Header.Set("Access-Control-Request-Method", "POST")
	response, err := http.DefaultClient.Do(r)
	require.NoError(s, err)
	require.NoError(s, response.Body.Close())
	return response
}
