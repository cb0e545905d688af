package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func onEachClient(t *testing.T, test func(t *testing.T, c clients)) {
	t.Run("ws of npm", func(t *testing.T) { test(t, newNPM(t)) })
	t.Run("coder websocket", func(t *testing.T) { test(t, newCoder(t)) })
}

func TestTheOlderTabIsToldClosedAndItsTokenIsDead(t *testing.T) {
	onEachStore(t, func(t *testing.T, store string) {
		s := start(t, store)
		s.addEmployee("ada", "correct horse")
		onEachClient(t, func(t *testing.T, c clients) {
			older := c.open(s, s.password("ada", "window-1")).established(t)
			require.Equal(t, http.StatusOK, s.strict(older.login.AccessToken).status)

			newer := c.open(s, s.password("ada", "window-2")).established(t)
			told := older.toldAndClosed(t)

			require.Equal(t, "new_login", told.Reason)
			require.Equal(t, older.login.Session.SessionID, told.SessionID)
			require.Equal(t, newer.login.Session.Epoch, told.Epoch, "the epoch of the login that ended it")
			require.Equal(t, 1, *told.Seq)
			require.Equal(t, "window-2", told.By.TerminalID)
			_, times, closes := older.state()
			require.Equal(t, 1, times, "told once")
			require.Equal(t, []int{4510}, closes)
			require.Len(t, newer.login.Terminated, 1)
			require.NotEqual(t, "offline", newer.login.Terminated[0].Delivery)

			dead := s.strict(older.login.AccessToken)
			require.Equal(t, http.StatusUnauthorized, dead.status)
			require.Contains(t, dead.header.Get("WWW-Authenticate"), "session_terminated")
			own := s.send("GET", "/v1/session", older.login.AccessToken, nil)
			require.Equal(t, http.StatusUnauthorized, own.status)
			require.Equal(t, "session_terminated", own.problem().Code)
			require.Equal(t, "new_login", own.problem().Termination.Reason)

			require.Equal(t, http.StatusOK, s.strict(newer.login.AccessToken).status)
			open, times, _ := newer.state()
			require.True(t, open)
			require.Zero(t, times)
			require.Equal(t, []seat{newer.login.Session}, s.active("ada"))
		})
	})
}

func TestLoggingOutEndsTheTokenAndTellsTheOtherTabsOfTheSession(t *testing.T) {
	s := start(t, embedded(t))
	c := newNPM(t)
	ada := s.mustLogin("ada", "till-1")
	first, second := c.open(s, ada).established(t), c.open(s, ada).established(t)

	require.Equal(t, http.StatusNoContent, s.send("DELETE", "/v1/session", ada.AccessToken, nil).status)

	for _, tab := range []*tab{first, second} {
		require.Equal(t, "logout", tab.toldAndClosed(t).Reason)
		_, _, closes := tab.state()
		require.Equal(t, []int{4512}, closes)
	}
	require.Equal(t, http.StatusUnauthorized, s.strict(ada.AccessToken).status)
	require.Empty(t, s.active("ada"))
}

func TestStoppingByATermSignalIsNotAFailure(t *testing.T) {
	onEachStore(t, func(t *testing.T, store string) {
		s := start(t, store)
		b := newCoder(t).open(s, s.mustLogin("ada", "till-1")).established(t)

		require.Equal(t, 0, s.Terminate())

		b.await(t, "the close", func() bool { return len(b.closes) > 0 })
		require.NotContains(t, terminal, b.closes[0], "a tab comes back after a restart")
		s.Start()
		b.await(t, "the socket again", func() bool { return b.isOpen })
		require.Equal(t, http.StatusOK, s.strict(b.login.AccessToken).status)
		require.Empty(t, b.told)
	})
}

func (s *server) password(employee, terminal string) login {
	s.t.Helper()
	return s.decodeLogin(s.send("POST", "/v1/login", "",
		object{"employee_id": employee, "password": "correct horse", "terminal_id": terminal}))
}
