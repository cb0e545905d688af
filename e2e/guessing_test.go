package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	guessedPassword = "correct horse"
	// guessedHash is that password's, and cheap to try.
	guessedHash = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso="
)

// guessed are those whose passwords somebody tries, ten times each.
var guessed = strings.Fields("dan eve fay gus hal ida joe kim lou")

// from is a client whose requests come from that address of this machine.
func from(t *testing.T, address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// tryPassword logs in by password, by way of the client.
func (s *server) tryPassword(c *http.Client, employee, password string) answer {
	return s.postBy(c, "/v1/login", object{"employee_id": employee, "password": password})
}

func (s *server) postBy(c *http.Client, path string, body object) answer {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{err: err}
	}
	return receive(c.Post("http://"+s.listen+path, "application/json", strings.NewReader(string(text))))
}

// limited fails unless the answer asks to come back when the first failure is ten minutes old.
func (a answer) limited(t *testing.T) {
	t.Helper()
	require.NoError(t, a.err)
	require.Equal(t, http.StatusTooManyRequests, a.status, "%s", a.body)
	require.Equal(t, "rate_limited", a.problem().Code)
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, 600, wait, 60)
}

func TestWhoGuessesPasswordsIsStoppedAndNobodyElse(t *testing.T) {
	s := start(t, embedded(t))
	var lines strings.Builder
	for _, employee := range append([]string{"ada", "bea", "cleo"}, guessed...) {
		fmt.Fprintf(&lines, `{"employee_id":%q,"password_hash":%q}`+"\n", employee, guessedHash)
	}
	imported := s.send("POST", "/v1/admin/employees/import", adminKey, lines.String(), "Content-Type", "application/x-ndjson")
	require.Contains(t, string(imported.body), `"failed":0`)
	here, elsewhere := from(t, "127.0.0.1"), from(t, "127.0.0.2")
	require.Equal(t, http.StatusOK, s.tryPassword(here, "bea", guessedPassword).status)

	for range 10 {
		a := s.tryPassword(here, "ada", "a guess")
		require.Equal(t, http.StatusUnauthorized, a.status, "%s", a.body)
	}
	s.tryPassword(here, "ada", "a guess").limited(t)
	s.tryPassword(here, "ada", guessedPassword).limited(t)
	s.guessByGraphQL(here, "ada", guessedPassword, "rate_limited")
	require.Equal(t, http.StatusOK, s.tryPassword(elsewhere, "ada", guessedPassword).status, "who is guessed at is not locked out")

	for i, employee := range guessed {
		for range min(10, 89-10*i) {
			require.Equal(t, http.StatusUnauthorized, s.tryPassword(here, employee, "a guess").status)
		}
	}
	s.guessByGraphQL(here, guessed[8], "a guess", "invalid_credentials") // the hundredth
	s.tryPassword(here, "cleo", guessedPassword).limited(t)
	require.Equal(t, http.StatusOK, s.tryPassword(here, "bea", guessedPassword).status, "who has logged in at this address has an own budget")
	require.Equal(t, http.StatusOK, s.tryPassword(elsewhere, "cleo", guessedPassword).status)
}

// guessByGraphQL is answered with that code.
func (s *server) guessByGraphQL(c *http.Client, username, password, code string) {
	s.t.Helper()
	a := s.postBy(c, "/graphql", object{
		"query":     `mutation($u: String!, $p: String!) { login(username: $u, password: $p) { token } }`,
		"variables": object{"u": username, "p": password},
	})
	require.NoError(s.t, a.err)
	require.Contains(s.t, string(a.body), `"code":"`+code+`"`)
}
