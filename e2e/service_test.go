package e2e

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// orders asks the service of examples/go.
func orders(t *testing.T, address, token string) answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+address+"/orders", nil)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	a := receive(client.Do(request))
	require.NoError(t, a.err)
	return a
}

// sameRefusal fails where the service refuses a token in other words than the hub's own authz.
func (s *server) sameRefusal(address, token string) {
	s.t.Helper()
	service, hub := orders(s.t, address, token), s.send("GET", "/v1/authz", token, nil)
	require.Equal(s.t, hub.status, service.status)
	for _, name := range []string{"Www-Authenticate", "Content-Type", "Cache-Control", "X-Content-Type-Options"} {
		require.Equal(s.t, hub.header[name], service.header[name], name)
	}
	require.NotEmpty(s.t, service.header.Get("X-Request-Id"))
	var here, there map[string]any
	require.NoError(s.t, json.Unmarshal(service.body, &here))
	require.NoError(s.t, json.Unmarshal(hub.body, &there))
	for _, member := range []string{"type", "title", "status", "code"} {
		require.Equal(s.t, there[member], here[member], member)
	}
	require.Equal(s.t, service.header.Get("X-Request-Id"), here["request_id"])
}

func TestAServiceThatChecksTokensByItselfFollowsTheHub(t *testing.T) {
	s := start(t, embedded(t))
	address, service := restartablePort(t), filepath.Join(t.TempDir(), "service")
	out, err := exec.Command("go", "build", "-o", service, "../examples/go").CombinedOutput()
	require.NoError(t, err, "%s", out)
	program(t, &output{}, []string{"HOTSEAT_SERVICE_KEY=" + serviceKey}, []string{address},
		service, "--listen", address, "--hub", "http://"+s.listen)
	becomes := func(token string, status int, code string, within time.Duration) (a answer) {
		t.Helper()
		require.Eventually(t, func() bool {
			a = orders(t, address, token)
			return a.status == status && a.problem().Code == code
		}, within, 10*time.Millisecond, "wanted %d %s", status, code)
		return a
	}

	ended := s.mustLogin("ada", "till-1")
	a := becomes(ended.AccessToken, 200, "", patience)
	require.Contains(t, string(a.body), "orders of ada at till-1")
	sits := s.mustLogin("ada", "till-2")
	a = becomes(ended.AccessToken, 401, "session_terminated", 10*time.Second)
	require.Contains(t, string(a.body), `"reason":"new_login"`)
	for _, token := range []string{"", ended.AccessToken, sits.AccessToken + "A", ended.RefreshToken} {
		s.sameRefusal(address, token)
	}
	require.Equal(t, 200, orders(t, address, sits.AccessToken).status)

	s.Kill(func() {})
	a = becomes(sits.AccessToken, 503, "stale_view", 15*time.Second)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, 401, orders(t, address, ended.AccessToken).status, "that a session has ended stays true")
	s.Start()
	becomes(sits.AccessToken, 200, "", patience)

	rotated := s.send("POST", "/v1/admin/keys/rotate", adminKey, object{"compromised": true})
	require.Less(t, rotated.status, 300, "%s", rotated.body)
	next := s.mustLogin("eve", "till-3")
	require.Eventually(t, func() bool {
		a = orders(t, address, next.AccessToken)
		return a.status != 503
	}, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, 200, a.status, "a key that is new here is not known yet, and never bad: %s", a.body)
	becomes(sits.AccessToken, 401, "invalid_token", patience)
}
