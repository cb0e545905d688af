package compat_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

const newLogin = "Your session has been terminated due to login from another location"

// surface is what the original's front end and backends rely on, sentence by sentence.
var surface = []struct {
	sentence string
	holds    func(*server)
}{
	{"login answers a token, the employee and the terminal, at both paths", func(s *server) {
		first := s.login("ada.user")
		require.Equal(s, map[string]any{
			"id": "7", "username": "ada.user", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@pos.test", "role": "CASHIER", "employeeId": "ada",
		}, first.raw["employee"])
		terminal := first.raw["terminal"].(map[string]any)
		require.Equal(s, true, terminal["isActive"])
		at, err := time.Parse(time.RFC3339, terminal["loginTime"].(string))
		require.NoError(s, err)
		require.WithinDuration(s, time.Now(), at, time.Minute)
		require.Regexp(s, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, first.terminal)
		got := s.operation("/graphql", "", loginMutation, map[string]string{"username": "ada", "password": secret})
		require.Nil(s, got["errors"], "by the employee's id")
	}},
	{"the token is HS256 with user_id, username, terminal_id and exp in eight hours", func(s *server) {
		one := s.login("ada.user")
		var claims map[string]any
		body, err := base64.RawURLEncoding.DecodeString(strings.Split(one.token, ".")[1])
		require.NoError(s, err)
		require.NoError(s, json.Unmarshal(body, &claims))
		require.Len(s, claims, 4)
		require.EqualValues(s, 7, claims["user_id"])
		require.Equal(s, "ada.user", claims["username"])
		require.Equal(s, one.terminal, claims["terminal_id"])
		require.InDelta(s, time.Now().Add(8*time.Hour).Unix(), claims["exp"], 60)
		file := filepath.Join(s.folder, "store", "compat-pos.secret")
		key, err := os.ReadFile(file)
		require.NoError(s, err)
		info, err := os.Stat(file)
		require.NoError(s, err)
		require.Equal(s, os.FileMode(0o600), info.Mode())
		_, err = jwt.Parse(one.token, func(*jwt.Token) (any, error) { return []byte(strings.TrimSpace(string(key))), nil }, jwt.WithValidMethods([]string{"HS256"}))
		require.NoError(s, err, "a backend with the secret takes it")
	}},
	{"a wrong password and an unknown employee are Invalid credentials, whatever Authorization came along", func(s *server) {
		for _, authorization := range []string{"", "Bearer nonsense", "JWT x.y.z", "Basic eA=="} {
			for _, who := range []string{"ada.user", "nobody", "no such name!"} {
				got := s.operation("/graphql/", authorization, loginMutation, map[string]string{"username": who, "password": "wrong"})
				require.Equal(s, map[string]any{"login": nil}, got["data"])
				require.Equal(s, "Invalid credentials", got["errors"].([]any)[0].(map[string]any)["message"])
			}
		}
		got := s.operation("/graphql/", "Bearer nonsense", loginMutation, map[string]string{"username": "grace.user", "password": secret})
		require.Nil(s, got["errors"])
	}},
	{"the older terminal hears auto_logout and is closed with 1000; the newer hears nothing", func(s *server) {
		first := s.login("ada.user")
		older := s.open(first.terminal)
		second := s.login("ada.user")
		newer := s.open(second.terminal)
		older.told(newLogin)
		s.logout("Bearer "+second.token, second.terminal)
		newer.closed(1000) // the first thing that it heard
	}},
	{"every ending is auto_logout with a message that fits, then 1000", func(s *server) {
		for message, end := range map[string]func(){
			"Your session has been ended by an operator": func() { s.admin("POST", "/employees/grace/end-sessions", `{}`) },
			"Your account has been locked":               func() { s.admin("PATCH", "/employees/grace", `{"locked":true}`) },
		} {
			s.admin("PATCH", "/employees/grace", `{"locked":false}`)
			w := s.open(s.login("grace.user").terminal)
			end()
			w.told(message)
		}
		s.admin("PATCH", "/employees/grace", `{"locked":false}`)
	}},
	{"a bare socket only receives: what it says is not answered", func(s *server) {
		w := s.open(s.login("ada.user").terminal)
		for _, text := range []string{"hello", `{"type":"ping"}`, `{"type":"heartbeat"}`} {
			require.NoError(s, w.Write(s.Context(), 1, []byte(text)))
		}
		s.login("ada.user")
		w.told(newLogin)
	}},
	{"a bare socket that negotiated hotseat.v1 has its ping answered, and still nothing else", func(s *server) {
		w := s.open(s.login("ada.user").terminal, "Sec-WebSocket-Protocol", "hotseat.v1")
		for _, text := range []string{"hello", `{"type":"ping"}`} {
			require.NoError(s, w.Write(s.Context(), 1, []byte(text)))
		}
		w.hear("pong")
		s.login("ada.user")
		w.hear("session_terminated")
	}},
	{"who comes back after the end is told at once, then 1000", func(s *server) {
		first := s.login("ada.user")
		s.login("ada.user")
		for range 2 {
			s.open(first.terminal).told(newLogin)
		}
	}},
	{"the server dies and comes back: the same terminal reconnects, and is told", func(s *server) {
		one := s.login("ada.user")
		w := s.open(one.terminal)
		s.kill()
		_, err := w.read()
		require.Error(s, err)
		s.start()
		again := s.open(one.terminal)
		s.login("ada.user")
		again.told(newLogin)
	}},
	{"the token is a credential of the socket too, in the header, as subprotocol and by message", func(s *server) {
		for _, how := range []func(seat) *tab{
			func(one seat) *tab { return s.open(one.terminal, "Authorization", "Bearer "+one.token) },
			func(one seat) *tab {
				return s.open(one.terminal, "Sec-WebSocket-Protocol", "hotseat.bearer."+one.token)
			},
		} {
			w := how(s.login("ada.user"))
			w.hear("session_established")
			s.login("ada.user")
			w.told(newLogin)
		}
	}},
	{"a forged token and another's terminal open nothing", func(s *server) {
		ada, grace := s.login("ada.user"), s.login("grace.user")
		forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"user_id": 7, "username": "ada.user", "terminal_id": ada.terminal, "exp": time.Now().Add(time.Hour).Unix(),
		}).SignedString([]byte("not the secret of this server..."))
		require.NoError(s, err)
		for token, code := range map[string]int{forged: 4520, grace.token: 4521} {
			w := s.open(ada.terminal, "Authorization", "Bearer "+token)
			w.hear("error")
			w.closed(code)
		}
	}},
	{"logout needs the session's own token, and says Logged out successfully", func(s *server) {
		ada, grace := s.login("ada.user"), s.login("grace.user")
		w := s.open(ada.terminal)
		for _, authorization := range []string{"", "Bearer nonsense", "Bearer " + grace.token} {
			require.NotNil(s, s.logout(authorization, ada.terminal)["errors"], authorization)
		}
		want := map[string]any{"data": map[string]any{"logout": map[string]any{"success": true, "message": "Logged out successfully"}}}
		require.Equal(s, want, s.logout("JWT "+ada.token, ada.terminal))
		w.closed(1000)
		require.Equal(s, want, s.logout("Bearer "+ada.token, ada.terminal), "again")
		require.Equal(s, want, s.logout("Bearer "+grace.token, grace.terminal))
	}},
	{"the token is good for backends until its session ends, and no longer", func(s *server) {
		one := s.login("ada.user")
		for _, path := range []string{"/v1/session", "/v1/authz", "/v1/authz?level=strict"} {
			status, got := s.ask("GET", path, "Bearer "+one.token, "")
			require.Equal(s, 200, status, "%s: %v", path, got)
		}
		s.login("ada.user")
		for _, path := range []string{"/v1/session", "/v1/authz", "/v1/authz?level=strict"} {
			status, got := s.ask("GET", path, "Bearer "+one.token, "")
			require.Equal(s, 401, status, path)
			require.Equal(s, "session_terminated", got["code"], path)
		}
	}},
	{"a token is one login's: another login at its terminal has ended it", func(s *server) {
		one := s.login("ada.user")
		body := fmt.Sprintf(`{"employee_id":"ada","password":%q,"terminal_id":%q}`, secret, one.terminal)
		require.Eventually(s, func() bool { // the two are told apart by the second
			status, _ := s.ask("POST", "/v1/login", "", body)
			require.Equal(s, 200, status)
			status, _ = s.ask("GET", "/v1/session", "Bearer "+one.token, "")
			return status == 401
		}, patience, 100*time.Millisecond)
	}},
	{"nobody learns another's terminal", func(s *server) {
		s.admin("PATCH", "/employees/ada", `{"policy":{"max_sessions":2,"on_limit":"takeover"}}`)
		first, second := s.login("ada.user"), s.login("ada.user")
		_, list := s.ask("GET", "/v1/employees/me/sessions", "Bearer "+second.token, "")
		text := fmt.Sprint(list)
		require.Contains(s, text, second.terminal)
		require.NotContains(s, text, first.terminal)
		w := s.open(first.terminal)
		status, reply := s.ask("POST", "/v1/login", "", `{"employee_id":"ada","password":"`+secret+`"}`)
		require.Equal(s, 200, status)
		made := reply["session"].(map[string]any)["terminal_id"].(string)
		require.NotContains(s, reply["terminated"].([]any)[0], "terminal_id")
		require.NotContains(s, w.told(newLogin)["by"], "terminal_id")
		_, ended := s.ask("GET", "/v1/session", "Bearer "+first.token, "")
		require.NotContains(s, fmt.Sprint(ended), made)
		s.admin("PATCH", "/employees/ada", `{"policy":{"max_sessions":1,"on_limit":"deny"}}`)
		s.open(made) // which holds the seat
		_, denied := s.ask("POST", "/v1/login", "", `{"employee_id":"ada","password":"`+secret+`"}`)
		require.Equal(s, "session_active", denied["code"])
		require.NotContains(s, fmt.Sprint(denied["active"]), made)
		s.admin("PATCH", "/employees/ada", `{"policy":null}`)
	}},
	{"events and polls are ours, and keep others' terminals back too", func(s *server) {
		one := s.login("ada.user")
		status, first := s.ask("GET", "/v1/session/poll", "Bearer "+one.token, "")
		require.Equal(s, 200, status)
		require.Contains(s, fmt.Sprint(first), "session_established")
		next := s.login("ada.user")
		_, polled := s.ask("GET", "/v1/session/poll?after=0", "Bearer "+one.token, "")
		require.Contains(s, fmt.Sprint(polled), "new_login")
		require.NotContains(s, fmt.Sprint(polled), next.terminal)
		_, text, err := s.send("GET", "/v1/session/events", map[string]string{"Authorization": "Bearer " + one.token}, "")
		require.NoError(s, err)
		require.Contains(s, text, `"reason":"new_login"`)
		require.NotContains(s, text, next.terminal)
	}},
	{"an operator's test reaches such a page only by force", func(s *server) {
		w := s.open(s.login("ada.user").terminal)
		terminal := s.login("ada.user").terminal
		w.told(newLogin)
		w = s.open(terminal)
		path := "/v1/admin/terminals/" + terminal + "/test-termination"
		require.Eventually(s, func() bool {
			status, _ := s.ask("POST", path+"?force=true", "Bearer "+adminKey, "")
			return status == 200
		}, patience, 5*time.Millisecond)
		require.Equal(s, true, w.hear("session_terminated")["test"])
		status, _ := s.ask("POST", path, "Bearer "+adminKey, "")
		require.Equal(s, 404, status)
	}},
	{"a page that negotiates hotseat.v1 is as without the flag", func(s *server) {
		one := s.login("ada.user")
		w := s.open(one.terminal, "Sec-WebSocket-Protocol", "hotseat.v1, hotseat.bearer."+one.token)
		w.hear("session_established")
		s.login("ada.user")
		require.Equal(s, "new_login", w.hear("session_terminated")["reason"])
		w.closed(4510)
	}},
	{"pos-events has the original's flat events, each employee's in order, the termination before the login", func(s *server) {
		first := s.login("grace.user")
		second := s.login("grace.user")
		s.logout("Bearer "+second.token, second.terminal)
		require.Equal(s, []string{
			`{"event_type":"EMPLOYEE_LOGIN","employee_id":"grace","employee_username":"grace.user","terminal_id":"` + first.terminal + `",TIME`,
			`{"event_type":"SESSION_TERMINATED","employee_id":"grace","employee_username":"grace.user","terminal_id":"` + first.terminal + `","reason":"new_login",TIME`,
			`{"event_type":"EMPLOYEE_LOGIN","employee_id":"grace","employee_username":"grace.user","terminal_id":"` + second.terminal + `",TIME`,
			`{"event_type":"EMPLOYEE_LOGOUT","employee_id":"grace","employee_username":"grace.user","terminal_id":"` + second.terminal + `",TIME`,
		}, s.events(4, first.terminal, second.terminal))
	}},
	{"the page may ask /graphql with credentials, and no cookie is set", func(s *server) {
		for path, want := range map[string]string{"/graphql": "true", "/graphql/": "true", "/v1/login": ""} {
			r := preflight(s, path)
			require.Equal(s, 204, r.StatusCode)
			require.Equal(s, want, r.Header.Get("Access-Control-Allow-Credentials"), path)
			require.Empty(s, r.Cookies())
		}
	}},
}

func TestTheOriginalsSurfaceUnderCompatPOS(t *testing.T) {
	s := start(t, "--compat-pos", "--deny-grace", "1h", "--dev-kafka=127.0.0.1:0")
	s.hire("ada", 7)
	s.hire("grace", 8)
	for _, row := range surface {
		t.Run(row.sentence, func(t *testing.T) {
			one := *s
			one.T = t
			row.holds(&one)
			s.process, s.log, s.listen, s.kafka = one.process, one.log, one.listen, one.kafka
		})
	}
}

func TestWithUnsafeLogoutATerminalsIDIsEnough(t *testing.T) {
	s := start(t, "--compat-pos", "--compat-pos-unsafe-logout")
	s.hire("ada", 7)
	one := s.login("ada.user")
	w := s.open(one.terminal)
	got := s.logout("", one.terminal)
	require.Nil(t, got["errors"])
	w.closed(1000)
	status, _ := s.ask("GET", "/v1/session", "Bearer "+one.token, "")
	require.Equal(t, 401, status)
	require.NotNil(t, s.logout("", "till-that-nobody-made")["errors"])
}

func TestWithoutTheFlagNothingOfTheOriginalIsACredential(t *testing.T) {
	s := start(t, "--compat-pos")
	s.hire("ada", 7)
	old := s.login("ada.user")
	s.kill()
	s.flags = nil
	s.start()
	for _, path := range []string{"/v1/session", "/v1/authz"} {
		status, got := s.ask("GET", path, "Bearer "+old.token, "")
		require.Equal(t, 401, status)
		require.Equal(t, "invalid_token", got["code"])
	}
	w := s.open(old.terminal)
	require.NoError(t, w.Write(t.Context(), 1, []byte(`{"type":"authenticate","token":"`+old.token+`"}`)))
	w.hear("error")
	w.closed(4520)

	now := s.login("ada.user")
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(now.token, ".")[0])
	require.NoError(t, err)
	require.Contains(t, string(header), "at+jwt")
	require.True(t, slices.Contains([]any{"7"}, now.raw["employee"].(map[string]any)["id"]))
	own := s.open(now.terminal, "Authorization", "Bearer "+now.token)
	own.hear("session_established")
	s.login("ada.user")
	require.Equal(t, "new_login", own.hear("session_terminated")["reason"])
	own.closed(4510)
	require.Empty(t, preflight(s, "/graphql").Header.Get("Access-Control-Allow-Credentials"))
}
