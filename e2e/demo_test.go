package e2e

import (
	"context"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// startDemo runs the program as `make run` does, in a folder and on ports of its own.
func startDemo(t *testing.T) *server {
	s := &server{
		t: t, store: "embedded:./hotseat-demo", args: []string{"--demo"}, listen: restartablePort(t), folder: t.TempDir(),
	}
	s.Start()
	return s
}

// Its passwords are public. A page of evil.test, a name that its owner has made point to 127.0.0.1, is
// of the same origin as the demo to a browser, so only the Host tells.
func TestTheDemoAnswersOnlyToALoopbackHost(t *testing.T) {
	s := startDemo(t)
	ada := s.mustLogin("ada", "till-1")
	ask := func(method, at, path, host string, body any) answer {
		asked := &server{t: t, listen: at}
		return asked.send(method, path, serviceKey, body, "Host", host)
	}
	socket := func(host string) (*http.Response, error) {
		conn, response, err := websocket.Dial(context.Background(), "ws://"+s.listen+"/ws/session/till-1/", &websocket.DialOptions{
			Host: host, HTTPHeader: http.Header{"Authorization": {"Bearer " + ada.AccessToken}},
		})
		if err == nil {
			conn.CloseNow()
		}
		return response, err
	}
	login := object{"employee_id": "grace", "password": "demo-password"}
	for _, host := range []string{"evil.test", "evil.test:8080", "192.0.2.1", "localhost.evil.test"} {
		for name, a := range map[string]answer{
			"page":    ask("GET", s.listen, "/", host, nil),
			"login":   ask("POST", s.listen, "/v1/login", host, login),
			"trusted": ask("POST", s.listen, "/v1/sessions", host, object{"employee_id": "grace", "terminal_id": "till-9"}),
			"nothing": ask("GET", s.listen, "/nowhere", host, nil),
			"metrics": ask("GET", s.ops, "/metrics", host, nil),
			"heap":    ask("GET", s.ops, "/debug/pprof/heap", host, nil),
		} {
			require.NoError(t, a.err)
			require.Equal(t, 403, a.status, "%s for %s: %s", name, host, a.body)
			require.Equal(t, "origin_not_allowed", a.problem().Code, name)
		}
		response, err := socket(host)
		require.Error(t, err, "a socket for %s", host)
		require.Equal(t, 403, response.StatusCode)
	}
	require.Empty(t, s.active("grace"), "nothing was done")
	for _, host := range []string{"localhost", "127.0.0.1:1", "[::1]:8080"} {
		require.Equal(t, 200, ask("GET", s.listen, "/", host, nil).status, host)
		require.Equal(t, 200, ask("POST", s.listen, "/v1/login", host, login).status, host)
		require.Equal(t, 200, ask("GET", s.ops, "/metrics", host, nil).status, host)
		_, err := socket(host)
		require.NoError(t, err, host)
	}
}
