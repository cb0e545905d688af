package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A token whose signature this node has made or checked is not checked again. However its session
// ends, the token is of no use from the moment of the reply on: for gateways, for routes, and for a
// socket, which is told and never established.
func TestATokenThatIsInTheCacheLetsNoEndedSessionThrough(t *testing.T) {
	s := start(t, embedded(t))
	admin := func(method, path string, body any) {
		a := s.send(method, path, adminKey, body)
		require.NoError(t, a.err)
		require.Less(t, a.status, 300, "%s", a.body)
	}
	for name, end := range map[string]struct {
		by     func(l login)
		reason string
	}{
		"takeover": {func(l login) { s.mustLogin(l.Session.EmployeeID, "till-2") }, "new_login"},
		"logout": {func(l login) {
			require.Equal(t, http.StatusNoContent, s.send("DELETE", "/v1/session", l.AccessToken, nil).status)
		}, "logout"},
		"operator": {func(l login) {
			admin("POST", "/v1/admin/employees/"+l.Session.EmployeeID+"/end-sessions", object{})
		}, "admin"},
		"lock": {func(l login) {
			admin("PATCH", "/v1/admin/employees/"+l.Session.EmployeeID, object{"locked": true})
		}, "locked"},
		"password": {func(l login) {
			admin("PATCH", "/v1/admin/employees/"+l.Session.EmployeeID, object{"password": "another long one"})
		}, "admin"},
		"deletion": {func(l login) { admin("DELETE", "/v1/admin/employees/"+l.Session.EmployeeID, nil) }, "admin"},
		"stolen refresh token": {func(l login) {
			token := l.RefreshToken
			for range 2 { // two generations on, the first token is one that somebody kept
				token = s.decodeLogin(s.send("POST", "/v1/token/refresh", "", object{"refresh_token": token})).RefreshToken
			}
			require.Equal(t, http.StatusUnauthorized, s.send("POST", "/v1/token/refresh", "", object{"refresh_token": l.RefreshToken}).status)
		}, "token_reuse"},
	} {
		t.Run(name, func(t *testing.T) {
			l := s.mustLogin("e-"+name[:4], "till-1")
			for range 3 {
				require.Equal(t, http.StatusOK, s.send("GET", "/v1/authz", l.AccessToken, nil).status)
			}
			newCoder(t).open(s, l).established(t)
			end.by(l)
			for _, path := range []string{"/v1/authz", "/v1/authz?level=strict", "/v1/session"} {
				a := s.send("GET", path, l.AccessToken, nil)
				require.Equal(t, http.StatusUnauthorized, a.status, path)
				require.Equal(t, "session_terminated", a.problem().Code, path)
			}
			late := newCoder(t).open(s, l)
			require.Equal(t, end.reason, late.toldAndClosed(t).Reason)
			require.NotContains(t, late.other, "session_established")
		})
	}
}

// Nobody ends this session but the clock: it is over at its deadline, whoever looks, and its socket is told.
func TestATokenThatIsInTheCacheIsOfNoUseAfterItsSessionsLifetime(t *testing.T) {
	s := start(t, embedded(t), "--session-lifetime", "3s", "--access-token-lifetime", "3s")
	l := s.mustLogin("ada", "till-1")
	socket := newCoder(t).open(s, l).established(t)
	require.Equal(t, http.StatusOK, s.send("GET", "/v1/authz", l.AccessToken, nil).status)
	require.Equal(t, "expired", socket.toldAndClosed(t).Reason)
	for _, path := range []string{"/v1/authz", "/v1/authz?level=strict", "/v1/session"} {
		a := s.send("GET", path, l.AccessToken, nil)
		require.Equal(t, http.StatusUnauthorized, a.status, path)
		require.Contains(t, []string{"session_terminated", "token_expired"}, a.problem().Code, path)
	}
	late := newCoder(t).open(s, l)
	late.await(t, "the close", func() bool { return len(late.closes) > 0 })
	require.NotContains(t, late.other, "session_established")
}
