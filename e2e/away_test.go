package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// refusedForNow checks what every client meets while the store cannot be asked.
func (s *server) refusedForNow(a answer) {
	s.t.Helper()
	require.NoError(s.t, a.err)
	require.Equal(s.t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(s.t, err, "Retry-After %q", a.header.Get("Retry-After"))
	require.Positive(s.t, seconds)
	require.Contains(s.t, []string{"store_unavailable", "overloaded", "stale_view"}, a.problem().Code)
}

// notReady waits until the probes say so, with a reason for operators only.
func (s *server) notReady() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return !s.ready() }, patience, 20*time.Millisecond)
	inside := s.probe("/readyz")
	require.Equal(s.t, http.StatusServiceUnavailable, inside.status)
	require.Contains(s.t, string(inside.body), "reasons")
	outside := s.send("GET", "/readyz", "", nil)
	require.Equal(s.t, http.StatusServiceUnavailable, outside.status)
	require.NotContains(s.t, string(outside.body), "reasons")
	require.Equal(s.t, http.StatusOK, s.probe("/healthz").status, "alive all the same")
}

// stillThere: the socket was never closed and is answered.
func stillThere(t *testing.T, c clients, b *tab) {
	t.Helper()
	before := 0
	b.await(t, "open", func() bool { before = b.pongs; return b.isOpen })
	c.ping(b)
	b.await(t, "pong", func() bool { return b.pongs > before })
	require.Empty(t, b.closes)
	require.Empty(t, b.told)
}

// L2: a store that is away costs 503s, never a process, a socket or a session.
func testStoreAway(t *testing.T, s *server, c clients, leave, comeBack func()) {
	b := c.open(s, s.mustLogin("ada", "till-1")).established(t)

	leave()
	away := time.Now()
	s.refusedForNow(s.trusted(object{"employee_id": "ada", "terminal_id": "till-2", "idempotency_key": "k1"}))
	s.refusedForNow(s.trusted(object{"employee_id": "grace"}))
	require.Less(t, time.Since(away), 10*time.Second, "refusals are given in time for a client to wait")
	s.notReady()
	stillThere(t, c, b)

	comeBack()
	back := time.Now()
	require.Eventually(t, s.ready, patience, 20*time.Millisecond, "ready again; it said:\n%s", s.log)
	require.Less(t, time.Since(back), 5*time.Second, "from the store's return to ready")
	stillThere(t, c, b)
	require.Equal(t, http.StatusOK, s.strict(b.login.AccessToken).status)
	again := s.decodeLogin(s.trusted(object{"employee_id": "ada", "terminal_id": "till-2", "idempotency_key": "k1"}))
	require.Equal(t, 2, again.Session.Epoch, "the refused login was done once at most")
	require.Equal(t, "new_login", b.toldAndClosed(t).Reason)
	require.Equal(t, []seat{again.Session}, s.active("ada"))
	require.NotContains(t, s.log.String(), "panic")
	require.False(t, strings.Contains(s.log.String(), serviceKey), "no key in the log")
}
