package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestTheSessionShowsItsOwner(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	object := b.get("/v1/session", g.AccessToken).is(200)
	require.Equal(t, map[string]any{"employee_id": "ada", "first_name": "Ada", "last_name": "Lovelace"}, object["employee"])
	require.Equal(t, "2026-03-01T09:30:00.000Z", object["created_at"])
	require.Equal(t, "2026-03-01T21:30:00.000Z", object["expires_at"])
	require.Contains(t, object, "external_id")
}

func TestALogoutIsFinal(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	require.Equal(t, 204, b.send(request{method: "DELETE", path: "/v1/session", bearer: g.AccessToken}).StatusCode)
	for _, again := range []*answer{
		b.get("/v1/session", g.AccessToken),
		b.send(request{method: "DELETE", path: "/v1/session", bearer: g.AccessToken}),
		b.post("/v1/ws-ticket", g.AccessToken, ""),
		b.post("/v1/token/refresh", "", `{"refresh_token":"`+g.RefreshToken+`"}`),
		b.get("/v1/authz", g.AccessToken),
		b.get("/v1/authz?level=strict", g.AccessToken),
	} {
		problem := again.problem(401, "session_terminated")
		require.Equal(t, "logout", problem["termination"].(map[string]any)["reason"])
		require.Contains(t, again.Header.Get("WWW-Authenticate"), `error="invalid_token", error_description="session_terminated"`)
	}
}

func TestAnExpiredTokenOfALiveSessionIsToldFromOneOfAnEnded(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	b.advance(15 * time.Minute)
	b.get("/v1/session", g.AccessToken).problem(401, "token_expired")
	b.login("till-2")
	problem := b.get("/v1/session", g.AccessToken).problem(401, "session_terminated")
	require.Equal(t, "new_login", problem["termination"].(map[string]any)["reason"])
}

func TestASessionPastItsDeadlineHasExpired(t *testing.T) {
	b := start(t, func(o *Options) { o.SessionIdle = 10 * time.Minute })
	b.hire("ada")
	g := b.login("till-1")
	require.Equal(t, int64(600), g.ExpiresIn, "no token outlives its session")
	b.advance(10 * time.Minute)
	problem := b.get("/v1/session", g.AccessToken).problem(401, "session_terminated")
	require.Equal(t, "expired", problem["termination"].(map[string]any)["reason"])
}

func TestATokenAheadOfTheStoreIsRefused(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	b.states["ada"].Epoch-- // an older copy of the store
	b.get("/v1/session", g.AccessToken).problem(401, "invalid_token")
	b.get("/v1/authz?level=strict", g.AccessToken).problem(401, "invalid_token")
	delete(b.states, "ada")
	b.get("/v1/session", g.AccessToken).problem(401, "invalid_token")
}

func TestARefreshRotatesAndForgivesALostReply(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	first := b.login("till-1")
	refresh := func(token string) *answer {
		return b.post("/v1/token/refresh", "", `{"refresh_token":"`+token+`"}`)
	}
	b.advance(10 * time.Minute)
	second := refresh(first.RefreshToken).grant()
	require.NotEqual(t, first.RefreshToken, second.RefreshToken)
	require.Equal(t, first.Session, second.Session, "expires_at does not move, and the session is the same")
	require.Equal(t, first.Employee, second.Employee)
	require.Nil(t, second.Terminated)
	require.Equal(t, second.RefreshToken, refresh(first.RefreshToken).grant().RefreshToken, "a lost reply harms nobody")
	third := refresh(second.RefreshToken).grant()
	b.get("/v1/session", third.AccessToken).is(200)

	// Now the first one is a thief's, or was kept: the session ends.
	problem := refresh(first.RefreshToken).problem(401, "session_terminated")
	termination := problem["termination"].(map[string]any)
	require.Equal(t, "token_reuse", termination["reason"])
	require.Equal(t, "till-1", termination["terminal_id"])
	b.get("/v1/session", third.AccessToken).problem(401, "session_terminated")
	refresh(third.RefreshToken).problem(401, "session_terminated")
}

func TestRefreshTokensThatAreNotOurs(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	for _, token := range []string{"x", g.AccessToken, g.RefreshToken[:len(g.RefreshToken)-2], g.RefreshToken + "A", strings.Repeat("a", 5000)} {
		b.post("/v1/token/refresh", "", `{"refresh_token":"`+token+`"}`).problem(401, "invalid_token")
	}
	b.states["ada"].Active[0].Refresh = 0 // an older copy of the store
	b.post("/v1/token/refresh", "", `{"refresh_token":"`+g.RefreshToken+`"}`).problem(401, "invalid_token")
}

func TestATicketIsGivenByAnAwakeOwner(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	checked := false
	b.before = func(cmd session.Command) { _, checked = cmd.(session.Check) }
	object := b.post("/v1/ws-ticket", g.AccessToken, "").is(200)
	require.True(t, checked)
	require.Equal(t, 30.0, object["expires_in"])
	ticket, err := b.api.o.Tokens.ParseTicket(object["ticket"].(string))
	require.NoError(t, err)
	require.Equal(t, g.Session.SessionID, ticket.Session)
	require.Equal(t, session.TerminalID("till-1"), ticket.Terminal)
	require.Equal(t, session.EmployeeID("ada"), ticket.Employee)
	require.Equal(t, b.Now(), ticket.IssuedAt)
}

// A store that is away is never the end of a session, on any route.
func TestAStoreThatIsAwayIs503AndNothingElse(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	for err, code := range map[error]string{
		session.ErrUnavailable: "store_unavailable", session.ErrOutcomeUnknown: "store_unavailable",
		session.ErrOverloaded: "overloaded", session.ErrLate: "overloaded",
	} {
		b.fail(err)
		for _, a := range []*answer{
			b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`),
			b.post("/v1/sessions", serviceKey, `{"employee_id":"ada"}`),
			b.get("/v1/session", g.AccessToken),
			b.send(request{method: "DELETE", path: "/v1/session", bearer: g.AccessToken}),
			b.post("/v1/token/refresh", "", `{"refresh_token":"`+g.RefreshToken+`"}`),
			b.post("/v1/ws-ticket", g.AccessToken, ""),
			b.get("/v1/admin/employees", adminKey),
			b.get("/v1/admin/employees/ada", adminKey),
			b.get("/v1/admin/employees/ada/sessions", adminKey),
			b.send(request{method: "PATCH", path: "/v1/admin/employees/ada", bearer: adminKey, body: `{"locked":true}`}),
			b.send(request{method: "DELETE", path: "/v1/admin/employees/ada", bearer: adminKey}),
			b.post("/v1/admin/employees/ada/end-sessions", adminKey, ""),
			b.get("/v1/employees/ada/sessions/"+g.Session.SessionID.String(), serviceKey),
		} {
			a.problem(503, code)
		}
		b.get("/healthz", "").is(200)
	}
	b.fail(nil)
	b.get("/v1/session", g.AccessToken).is(200)
}
