package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// seats gives ada two more seats.
func (b *bench) seats() {
	b.Helper()
	b.send(request{
		method: "PATCH", path: "/v1/admin/employees/ada", bearer: adminKey,
		body: `{"policy":{"max_sessions":3,"on_limit":"takeover"}}`,
	}).is(200)
}

// mine are the terminals of the sessions that the token's employee has.
func (b *bench) mine(token string) (terminals []string) {
	b.Helper()
	for _, one := range b.get("/v1/employees/me/sessions", token).is(200)["sessions"].([]any) {
		terminals = append(terminals, one.(map[string]any)["terminal_id"].(string))
	}
	return terminals
}

func TestAnEmployeeSeesAndEndsItsOwnSessions(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.seats()
	first, second, third := b.login("till-1"), b.login("till-2"), b.login("till-3")
	require.Equal(t, []string{"till-1", "till-2", "till-3"}, b.mine(second.AccessToken))
	told := b.open(first.AccessToken, "")
	told.next("session_established")

	path := "/v1/employees/me/sessions/" + first.Session.SessionID.String()
	require.Equal(t, 204, b.send(request{method: "DELETE", path: path, bearer: second.AccessToken}).StatusCode)
	notice := told.next("session_terminated")
	require.Equal(t, "logout", notice["reason"])
	require.Nil(t, notice["by"])
	require.Equal(t, []string{"till-2", "till-3"}, b.mine(second.AccessToken))
	b.send(request{method: "DELETE", path: path, bearer: second.AccessToken}).problem(404, "not_found")
	b.send(request{method: "DELETE", path: path, bearer: first.AccessToken}).problem(401, "session_terminated")
	b.get("/v1/employees/me/sessions", first.AccessToken).problem(401, "session_terminated")

	own := "/v1/employees/me/sessions/" + third.Session.SessionID.String()
	require.Equal(t, 204, b.send(request{method: "DELETE", path: own, bearer: third.AccessToken}).StatusCode)
	require.Equal(t, []string{"till-2"}, b.mine(second.AccessToken))
}

func TestAnEmployeeEndsAllOtherSessionsAtOnce(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.hire("grace")
	b.seats()
	first, second, third := b.login("till-1"), b.login("till-2"), b.login("till-3")
	graces := b.post("/v1/login", "", `{"employee_id":"grace","password":"`+adaPassword+`"}`).grant()
	told := b.open(third.AccessToken, "")
	told.next("session_established")
	for _, query := range []string{"", "?except=", "?except=all", "?except=" + second.Session.SessionID.String()} {
		a := b.send(request{method: "DELETE", path: "/v1/employees/me/sessions" + query, bearer: second.AccessToken})
		require.Contains(t, a.problem(400, "invalid_request")["detail"], "except")
	}
	for range 2 { // again: there is nothing left to end
		a := b.send(request{method: "DELETE", path: "/v1/employees/me/sessions?except=current", bearer: second.AccessToken})
		require.Equal(t, 204, a.StatusCode)
		require.Equal(t, []string{"till-2"}, b.mine(second.AccessToken))
	}
	require.Equal(t, "logout", told.next("session_terminated")["reason"])
	b.get("/v1/session", first.AccessToken).problem(401, "session_terminated")
	b.get("/v1/session", graces.AccessToken).is(200)
}

func TestAnotherEmployeesSessionIsNotFoundAndStays(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.hire("grace")
	ada := b.login("till-1")
	grace := b.post("/v1/login", "", `{"employee_id":"grace","password":"`+adaPassword+`"}`).grant()
	for _, id := range []string{grace.Session.SessionID.String(), zeroID} {
		b.send(request{method: "DELETE", path: "/v1/employees/me/sessions/" + id, bearer: ada.AccessToken}).problem(404, "not_found")
	}
	b.send(request{method: "DELETE", path: "/v1/employees/me/sessions/garbage", bearer: ada.AccessToken}).problem(400, "invalid_request")
	b.get("/v1/session", grace.AccessToken).is(200)
	require.Len(t, b.mine(ada.AccessToken), 1)
}

func TestOwnSessionsAreForTheirEmployeeOnly(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	for _, q := range []request{
		{path: "/v1/employees/me/sessions"},
		{method: "DELETE", path: "/v1/employees/me/sessions?except=current"},
		{method: "DELETE", path: "/v1/employees/me/sessions/" + g.Session.SessionID.String()},
	} {
		b.send(q).problem(401, "invalid_token")
		for _, key := range []string{serviceKey, adminKey} {
			q.bearer = key
			b.send(q).problem(403, "insufficient_scope")
		}
		q.bearer = g.AccessToken
		b.fail(session.ErrUnavailable)
		b.send(q).problem(503, "store_unavailable")
		b.fail(nil)
	}
	require.Len(t, b.mine(g.AccessToken), 1)
}
