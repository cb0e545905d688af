package e2e

import (
	"io"
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
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, header: response.Header, body: body}
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
	a = becomes(ended.AccessToken, 401, "session_terminated", 2*time.Second)
	require.Contains(t, a.header.Get("WWW-Authenticate"), "new_login")
	require.Equal(t, 200, orders(t, address, sits.AccessToken).status)
	require.Equal(t, "invalid_token", orders(t, address, sits.AccessToken+"A").problem().Code)

	s.Kill(func() {})
	a = becomes(sits.AccessToken, 503, "stale_view", 7*time.Second)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, 401, orders(t, address, ended.AccessToken).status, "that a session has ended stays true")
	s.Start()
	becomes(sits.AccessToken, 200, "", patience)

	rotated := s.send("POST", "/v1/admin/keys/rotate", adminKey, object{"compromised": true})
	require.Less(t, rotated.status, 300, "%s", rotated.body)
	next := s.mustLogin("eve", "till-3")
	becomes(next.AccessToken, 200, "", 5*time.Second)
	becomes(sits.AccessToken, 401, "invalid_token", patience)
}
