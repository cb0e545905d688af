package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// serving answers every request by handle; the client has the keys.
func serving(t *testing.T, handle http.HandlerFunc, keys ...string) *Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	c, err := New(Options{Server: server.URL + "/", Keys: keys})
	require.NoError(t, err)
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func answerProblem(w http.ResponseWriter, status int, code, more string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%d,"code":%q,"title":"Title","detail":"the detail","request_id":"r1"%s}`, status, code, more)
}

func TestEveryErrorHasItsExitCode(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   int
	}{
		{400, "invalid_request", ExitRefused},
		{401, "invalid_credentials", ExitRefused},
		{401, "session_terminated", ExitRefused},
		{403, "insufficient_scope", ExitRefused},
		{404, "not_found", ExitNotFound},
		{409, "already_exists", ExitRefused},
		{423, "employee_locked", ExitRefused},
		{429, "rate_limited", ExitRefused},
		{500, "internal", ExitFailed},
		{503, "store_unavailable", ExitFailed},
	} {
		client := serving(t, func(w http.ResponseWriter, _ *http.Request) { answerProblem(w, c.status, c.code, "") })
		_, err := client.Login(t.Context(), LoginRequest{Employee: "ada"})
		require.Equal(t, c.want, ExitCode(err), c.code)
		require.EqualError(t, err, fmt.Sprintf("the detail (%s, %d)", c.code, c.status))
	}
	require.Equal(t, ExitOK, ExitCode(nil))
	require.Equal(t, ExitFailed, ExitCode(errors.New("other")))
	require.Equal(t, ExitRefused, ExitCode(fmt.Errorf("wrapped: %w", &Refused{Code: 4520})))
}

func TestAServerThatIsAwayIsSaidSo(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	c, err := New(Options{Server: server.URL})
	require.NoError(t, err)
	_, err = c.Login(t.Context(), LoginRequest{})
	require.Equal(t, ExitUnreachable, ExitCode(err))
	require.ErrorContains(t, err, "cannot reach "+server.URL+": ")
	require.ErrorContains(t, err, "is `hotseat serve` running? use --server")
}

func TestAnotherProgramIsNotTakenForAHotseat(t *testing.T) {
	for _, status := range []int{200, 302, 502} {
		c := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			fmt.Fprint(w, "<html>")
		})
		_, err := c.Login(t.Context(), LoginRequest{})
		require.ErrorContains(t, err, "not as a Hotseat does")
		require.Equal(t, ExitFailed, ExitCode(err))
	}
}

func TestTheNextKeyIsTriedWhenTheServerDoesNotKnowOne(t *testing.T) {
	var seen []string
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer right" {
			answerProblem(w, 401, "invalid_token", "")
			return
		}
		fmt.Fprint(w, `{"sessions":[{"session_id":"s1"}],"new_field":1}`)
	}, "wrong", "right")
	list, err := c.Sessions(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, []string{"Bearer wrong", "Bearer right"}, seen)
	require.Equal(t, "s1", list.Sessions[0].ID)
	require.JSONEq(t, `{"sessions":[{"session_id":"s1"}],"new_field":1}`, string(list.JSON))

	none := serving(t, nil)
	_, err = none.Sessions(t.Context(), "ada")
	require.ErrorIs(t, err, ErrNoKey)
}

func TestEachRouteIsCalledAsTheContractSays(t *testing.T) {
	var got string
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		got = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Authorization") + " " + string(body)
		fmt.Fprint(w, `{}`)
	}, "key")
	ctx := context.Background()
	for _, call := range []struct {
		want string
		do   func() error
	}{
		{`POST /v1/login  {"employee_id":"ada","password":"pw","terminal_id":"till-1"}`, func() error {
			_, err := c.Login(ctx, LoginRequest{Employee: "ada", Password: "pw", Terminal: "till-1"})
			return err
		}},
		{`POST /v1/sessions Bearer key {"employee_id":"ada","override":true,"external_id":"x"}`, func() error {
			_, err := c.TrustedLogin(ctx, TrustedLoginRequest{Employee: "ada", Override: true, ExternalID: "x"})
			return err
		}},
		{`GET /v1/session Bearer tok `, func() error { _, err := c.Session(ctx, "tok"); return err }},
		{`DELETE /v1/session Bearer tok `, func() error { return c.Logout(ctx, "tok") }},
		{`POST /v1/token/refresh  {"refresh_token":"r"}`, func() error { _, err := c.Refresh(ctx, "r"); return err }},
		{`POST /v1/ws-ticket Bearer tok `, func() error { _, err := c.Ticket(ctx, "tok"); return err }},
		{`POST /v1/admin/employees Bearer key {"employee_id":"ada","policy":{"max_sessions":2,"on_limit":"deny"}}`, func() error {
			_, err := c.AddEmployee(ctx, Employee{ID: "ada", Policy: &Policy{MaxSessions: 2, OnLimit: "deny"}})
			return err
		}},
		{`PATCH /v1/admin/employees/a+b@c:d Bearer key {"locked":false}`, func() error { _, err := c.SetLocked(ctx, "a+b@c:d", false); return err }},
		{`GET /v1/admin/employees/ada/sessions Bearer key `, func() error { _, err := c.Sessions(ctx, "ada"); return err }},
		{`POST /v1/admin/employees/ada/end-sessions Bearer key {"message":"Till closed"}`, func() error { _, err := c.EndSessions(ctx, "ada", "Till closed"); return err }},
		{`POST /v1/admin/employees/ada/sessions/s1/end Bearer key {}`, func() error { _, err := c.EndSession(ctx, "ada", "s1", ""); return err }},
		{`POST /v1/admin/terminals/till-1/test-termination?force=true Bearer key `, func() error { _, err := c.TestTermination(ctx, "till-1", true); return err }},
	} {
		require.NoError(t, call.do())
		require.Equal(t, call.want, got)
	}
}

func TestOnlyAServersURLIsTaken(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:8080", "ftp://h", "http://", "http://u:p@h", "http://h/?x=1"} {
		_, err := New(Options{Server: bad})
		require.ErrorContains(t, err, "is not a server's URL", bad)
	}
}
