package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// series are what Prometheus would keep of this server, without the values.
func (s *server) series() (all []string) {
	s.t.Helper()
	for _, line := range regexp.MustCompile(`(?m)^[a-z][^ ]* `).FindAllString(string(s.probe("/metrics").body), -1) {
		all = append(all, strings.TrimSpace(line))
	}
	slices.Sort(all)
	return all
}

// visit does what an employee does in a day, and some of it wrongly.
func (s *server) visit(employee, terminal string) {
	s.t.Helper()
	older := s.mustLogin(employee, terminal)
	header := http.Header{"Authorization": {"Bearer " + older.AccessToken}, "User-Agent": {"agent of " + employee}}
	conn, _, err := websocket.Dial(s.t.Context(), "ws://"+s.listen+"/ws/session/"+terminal+"/", &websocket.DialOptions{HTTPHeader: header})
	require.NoError(s.t, err)
	defer conn.CloseNow()
	l := line{conn}
	require.Equal(s.t, "session_established", l.next(s.t).Type)
	newer := s.mustLogin(employee, terminal+"-2")
	require.Equal(s.t, "session_terminated", l.next(s.t).Type)
	for _, a := range []answer{
		s.send("GET", "/v1/authz", newer.AccessToken, nil),
		s.send("GET", "/v1/session", older.AccessToken, nil, "X-Request-Id", employee),
		s.send("POST", "/v1/token/refresh", "", object{"refresh_token": newer.RefreshToken}),
		s.send("POST", "/v1/login", "", object{"employee_id": employee, "password": employee}),
		s.send("POST", "/graphql", newer.AccessToken, object{"query": "{me{id}}"}),
		s.send("GET", "/v1/employees/"+employee, newer.AccessToken, nil),
		s.send("GET", "/nothing/"+terminal, "", nil),
		s.send("POST", "/v1/admin/terminals/"+terminal+"/test-termination", adminKey, nil),
		s.send("DELETE", "/v1/session", newer.AccessToken, nil),
	} {
		require.NoError(s.t, a.err)
	}
}

// A label with an id in it would cost Prometheus a series for each employee.
func TestWhoComesMakesNoSeriesOfTheProgram(t *testing.T) {
	s := start(t, embedded(t))
	s.visit("first", "till-first")
	before := s.series()
	require.Greater(t, len(before), 100)
	for _, employee := range []string{"ada", "bea", "cleo"} {
		s.visit(employee, "till-"+employee)
	}
	require.Equal(t, before, s.series())
}
