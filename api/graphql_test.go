package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// gqlAnswer is what every operation is answered with.
type gqlAnswer struct {
	Data   map[string]json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

func (b *bench) operation(bearer, query string, variables map[string]any) (gqlAnswer, *answer) {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(b, err)
	a := b.send(request{method: "POST", path: "/graphql", bearer: bearer, body: string(body)})
	var got gqlAnswer
	require.NoError(b, json.Unmarshal(a.text, &got), "%s", a.text)
	return got, a
}

const loginMutation = `mutation Login($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    token refreshToken expiresIn
    employee { id username firstName lastName email role employeeId }
    terminal { terminalId loginTime isActive }
  }
}`

func (b *bench) gqlLogin(username, password string) (gqlAnswer, string, string) {
	b.Helper()
	got, _ := b.operation("of.no.account", loginMutation, map[string]any{"username": username, "password": password})
	var made struct {
		Token    string
		Terminal struct{ TerminalID string }
	}
	if got.Data["login"] != nil {
		require.NoError(b, json.Unmarshal(got.Data["login"], &made))
	}
	return got, made.Token, made.Terminal.TerminalID
}

func TestGraphQLLogsInByUsernameOrIDAndEndsTheOlderSession(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	first := b.login("till-1")
	got, token, terminal := b.gqlLogin("ADA", adaPassword)
	require.Empty(t, got.Errors)
	require.NotEmpty(t, terminal)
	b.get("/v1/session", first.AccessToken).problem(401, "session_terminated")
	b.get("/v1/session", token).is(200)

	me, _ := b.operation(token, `{me{id username firstName lastName email role employeeId} sessions{sessionId terminalId deviceName current ip userAgent createdAt expiresAt}}`, nil)
	require.Empty(t, me.Errors)
	require.JSONEq(t, `{"id":"ada","username":"ada","firstName":"Ada","lastName":"Lovelace","email":"","role":"","employeeId":"ada"}`, string(me.Data["me"]))
	require.Contains(t, string(me.Data["sessions"]), `"current":true`)
	require.Contains(t, string(me.Data["sessions"]), terminal)
}

func TestGraphQLLogoutNeedsTheTokenOfItsTerminal(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	_, token, terminal := b.gqlLogin("ada", adaPassword)
	logout := func(bearer, terminal string) gqlAnswer {
		got, _ := b.operation(bearer, `mutation($t:String!){logout(terminalId:$t){success message}}`, map[string]any{"t": terminal})
		return got
	}
	for _, bearer := range []string{"", "nonsense"} {
		require.Equal(t, "invalid_token", logout(bearer, terminal).Errors[0].Extensions["code"])
	}
	require.Equal(t, "invalid_token", logout(token, "till-9").Errors[0].Extensions["code"])
	b.get("/v1/session", token).is(200)
	for range 2 { // who has logged out has logged out
		require.JSONEq(t, `{"success":true,"message":"Logged out successfully"}`, string(logout(token, terminal).Data["logout"]))
	}
	b.get("/v1/session", token).problem(401, "session_terminated")
	me, _ := b.operation(token, `{me{id}}`, nil)
	require.Equal(t, "session_terminated", me.Errors[0].Extensions["code"])
	require.Equal(t, "logout", me.Errors[0].Extensions["termination"].(map[string]any)["reason"])
}

func TestGraphQLEndsOwnSessionsAlone(t *testing.T) {
	b := start(t, func(o *Options) { o.Policy = session.Policy{MaxSessions: 2, OnLimit: session.Takeover} })
	b.hire("ada")
	b.hire("grace")
	mine, other := b.login("till-1"), b.login("till-2")
	end := func(id string) gqlAnswer {
		got, _ := b.operation(mine.AccessToken, `mutation($id:ID!){endSession(sessionId:$id){success message}}`, map[string]any{"id": id})
		return got
	}
	for _, id := range []string{zeroID, "no id"} {
		require.Equal(t, "not_found", end(id).Errors[0].Extensions["code"])
	}
	require.Empty(t, end(other.Session.SessionID.String()).Errors)
	b.get("/v1/session", other.AccessToken).problem(401, "session_terminated")
	b.get("/v1/session", mine.AccessToken).is(200)
}

// attemptsSeen counts what the limiter is asked and told.
type attemptsSeen struct {
	mu            sync.Mutex
	asked, failed int
	limit         int
}

func (a *attemptsSeen) Wait(context.Context, session.Key, netip.Addr) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked++; a.failed >= a.limit {
		return time.Minute
	}
	return 0
}

func (*attemptsSeen) Passed(session.Key, netip.Addr) {}

func (a *attemptsSeen) Failed(session.Key, netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed++
}

func TestEveryAliasOfALoginIsAnAttempt(t *testing.T) {
	seen := &attemptsSeen{limit: 2}
	b := start(t, func(o *Options) { o.Attempts = seen })
	b.hire("ada")
	got, a := b.operation("", `mutation{
		a:login(username:"ada",password:"1"){token} b:login(username:"nobody",password:"2"){token}
		c:login(username:"ada",password:"`+adaPassword+`"){token}}`, nil)
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Equal(t, []string{"Invalid credentials", "Invalid credentials"}, []string{got.Errors[0].Message, got.Errors[1].Message})
	require.Equal(t, "rate_limited", got.Errors[2].Extensions["code"], "the third one waits, though its password is right")
	require.GreaterOrEqual(t, seen.asked, 3)
	require.Equal(t, 2, seen.failed)
	require.Equal(t, `null`, string(got.Data["c"]))
}

func TestWhatAGraphQLOperationMayCost(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	logins := func(n int) string {
		var q strings.Builder
		q.WriteString("mutation{")
		for i := range n {
			fmt.Fprintf(&q, `l%d:login(username:"ada",password:"x"){token}`, i)
		}
		return q.String() + "}"
	}
	got, a := b.operation("", logins(4), nil)
	require.Equal(t, 200, a.StatusCode)
	require.Len(t, got.Errors, 4)
	for name, query := range map[string]string{
		"complexity": logins(5),
		"depth":      `{__schema{types{fields{type{ofType{ofType{ofType{name}}}}}}}}`,
		"tokens":     "{" + strings.Repeat("me{id}", 400) + "}",
		"fragments":  `query{...a} fragment a on Query{me{id} ...b} fragment b on Query{...a}`,
		"no field":   `{mee{id}}`,
		"nothing":    ``,
	} {
		before := b.changes()
		got, a := b.operation("", query, nil)
		require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode, name)
		require.NotEmpty(t, got.Errors, name)
		require.NotContains(t, string(a.text), "Did you mean", name)
		require.Equal(t, before, b.changes(), name)
	}
	for _, body := range []string{`[{"query":"{me{id}}"}]`, ` [] `, `"x"`, `{"query":1}`, `{"query":"{me{id}}"}x`} {
		a := b.send(request{method: "POST", path: "/graphql", body: body})
		a.problem(400, "invalid_request")
	}
	b.send(request{method: "POST", path: "/graphql", body: `{"query":"` + strings.Repeat(" ", 70<<10) + `"}`}).problem(413, "body_too_large")
}

func TestTheGraphQLSchemaIsShownOnlyWhereAsked(t *testing.T) {
	const query = `{__schema{queryType{name} types{name fields{name type{name ofType{name ofType{name ofType{name}}}}}}}}`
	for _, shown := range []bool{false, true} {
		b := start(t, func(o *Options) { o.Introspection = shown })
		got, a := b.operation("", query, nil)
		if shown {
			require.Empty(t, got.Errors)
			require.Contains(t, string(a.text), "sessionEvents")
		} else {
			require.NotEmpty(t, got.Errors)
			require.NotContains(t, string(a.text), "sessionEvents")
		}
	}
}

func TestByGETGraphQLOnlyAnswersQueries(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("till-1").AccessToken
	get := func(query string) *answer {
		return b.get("/graphql?query="+url.QueryEscape(query), token)
	}
	require.JSONEq(t, `{"data":{"me":{"id":"ada"}}}`, string(get(`{me{id}}`).text))
	before := b.changes()
	for _, query := range []string{
		`mutation{logout(terminalId:"till-1"){success}}`, `subscription{sessionEvents{type}}`,
		`mutation{login(username:"ada",password:"` + adaPassword + `"){token}}`,
	} {
		a := get(query)
		require.Equal(t, 405, a.StatusCode)
		require.Equal(t, "POST", a.Header.Get("Allow"))
	}
	require.Equal(t, before, b.changes())
}

func TestGraphQLTellsTheSessionsEndAsServerSentEvents(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("till-1").AccessToken
	r, err := http.NewRequestWithContext(t.Context(), "POST", b.server.URL+"/graphql",
		strings.NewReader(`{"query":"subscription{sessionEvents{type reason seq by{terminalId deviceName}}}"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := b.server.Client().Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := linesOf(response.Body)
	require.Equal(t, `data: {"data":{"sessionEvents":{"type":"session_established","reason":null,"seq":0,"by":null}}}`, lines.after("event: next"))
	b.login("till-2")
	require.Equal(t, `data: {"data":{"sessionEvents":{"type":"session_terminated","reason":"new_login","seq":1,"by":{"terminalId":"till-2","deviceName":"Go-http-client"}}}}`,
		lines.after("event: next"))
	lines.after("event: complete")
}

// readLines reads a stream by line.
type readLines struct{ *bufio.Scanner }

func linesOf(from io.Reader) readLines { return readLines{bufio.NewScanner(from)} }

// after is the line that follows the next one that is this.
func (l readLines) after(line string) string {
	for l.Scan() {
		if l.Text() == line {
			l.Scan()
			return l.Text()
		}
	}
	return "the stream ended before " + line
}
