package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// After every refusal the employee is where it was.
func TestBadRequestsAreNamedAndChangeNothing(t *testing.T) {
	s := start(t, embedded(t))
	s.addEmployee("ada", "correct horse")
	b := newNPM(t).open(s, s.password("ada", "window-1")).established(t)
	ended := s.mustLogin("grace", "till-1")
	s.mustLogin("grace", "till-2")

	good := b.login.AccessToken
	forged := good[:len(good)-8] + "AAAAAAAA"
	long := strings.Repeat("x", 70_000)
	for name, c := range map[string]struct {
		method, path, bearer string
		body                 any
		status               int
		code                 string
	}{
		"an unknown field":             {body: `{"employee_id":"ada","password":"correct horse","admin":true}`, status: 400, code: "invalid_request"},
		"a wrong type":                 {body: `{"employee_id":7,"password":"correct horse"}`, status: 400, code: "invalid_request"},
		"no JSON":                      {body: `employee_id=ada&password=x`, status: 400, code: "invalid_request"},
		"two objects":                  {body: `{"employee_id":"ada","password":"correct horse"}{}`, status: 400, code: "invalid_request"},
		"an oversized body":            {body: `{"employee_id":"ada","password":"` + long + `"}`, status: 413, code: "body_too_large"},
		"a control character in an id": {body: `{"employee_id":"a\u0000da","password":"correct horse"}`, status: 400, code: "invalid_request"},
		"invalid UTF-8 in an id":       {body: "{\"employee_id\":\"a\xffda\",\"password\":\"correct horse\"}", status: 400, code: "invalid_request"},
		"a control character in a key": {body: `{"employee_id":"ada","password":"correct horse","idempotency_key":"a\nb"}`, status: 400, code: "invalid_request"},
		"a bad terminal":               {body: `{"employee_id":"ada","password":"correct horse","terminal_id":"a b"}`, status: 400, code: "invalid_request"},
		"an unknown employee":          {body: `{"employee_id":"nobody","password":"correct horse"}`, status: 401, code: "invalid_credentials"},
		"a wrong password":             {body: `{"employee_id":"ada","password":"wrong"}`, status: 401, code: "invalid_credentials"},
		"a trusted login without key":  {path: "/v1/sessions", body: `{"employee_id":"ada"}`, status: 401, code: "invalid_token"},
		"a wrong service key":          {path: "/v1/sessions", bearer: "wrong-key-of-16-and-more", body: `{"employee_id":"ada"}`, status: 401, code: "invalid_token"},
		"a service key for operators":  {method: "GET", path: "/v1/admin/employees/ada/sessions", bearer: serviceKey, status: 403, code: "insufficient_scope"},
		"a forged token":               {method: "GET", path: "/v1/session", bearer: forged, status: 401, code: "invalid_token"},
		"a forged logout":              {method: "DELETE", path: "/v1/session", bearer: forged, status: 401, code: "invalid_token"},
		"an ended token":               {method: "GET", path: "/v1/session", bearer: ended.AccessToken, status: 401, code: "session_terminated"},
		"a logout with an ended token": {method: "DELETE", path: "/v1/session", bearer: ended.AccessToken, status: 401, code: "session_terminated"},
		"a made-up refresh token":      {path: "/v1/token/refresh", body: `{"refresh_token":"abc"}`, status: 401, code: "invalid_token"},
		"an unknown route":             {method: "GET", path: "/v2/session", bearer: good, status: 404, code: "not_found"},
		"a wrong method":               {method: "PUT", path: "/v1/login", body: `{}`, status: 405, code: "method_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.send(or(c.method, "POST"), or(c.path, "/v1/login"), c.bearer, c.body)
			require.NoError(t, a.err)
			require.Equal(t, c.status, a.status, "%s", a.body)
			require.Equal(t, "application/problem+json", strings.Split(a.header.Get("Content-Type"), ";")[0])
			p := a.problem()
			require.Equal(t, c.code, p.Code, "%s", a.body)
			require.NotEmpty(t, p.RequestID)
			require.NotContains(t, string(a.body), "correct horse")
		})
	}
	require.Equal(t, []seat{b.login.Session}, s.active("ada"))
	open, told, _ := b.state()
	require.True(t, open)
	require.Zero(t, told)
	require.Equal(t, b.login.Session.Epoch+1, s.password("ada", "window-2").Session.Epoch, "nothing else moved the epoch")
}

func TestAnExpiredTokenIsRefusedAndItsSocketStays(t *testing.T) {
	s := start(t, embedded(t), "--access-token-lifetime", "3s")
	b := newCoder(t).open(s, s.mustLogin("ada", "till-1")).established(t) // at once: Node takes a while to start

	require.Eventually(t, func() bool {
		return s.send("GET", "/v1/session", b.login.AccessToken, nil).problem().Code == "token_expired"
	}, patience, 50*time.Millisecond)

	open, told, _ := b.state()
	require.True(t, open, "a socket lives as long as its session")
	require.Zero(t, told)
	refreshed := s.send("POST", "/v1/token/refresh", "", object{"refresh_token": b.login.RefreshToken})
	require.Equal(t, http.StatusOK, refreshed.status, "%s", refreshed.body)
}

func TestAnotherTerminalsTokenOpensNoSocket(t *testing.T) {
	s := start(t, embedded(t))
	ada := s.mustLogin("ada", "till-1")
	dial := func(origin string) (*websocket.Conn, *http.Response, error) {
		header := http.Header{"Authorization": {"Bearer " + ada.AccessToken}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		return websocket.Dial(context.Background(), "ws://"+s.listen+"/ws/session/till-2/", &websocket.DialOptions{HTTPHeader: header})
	}

	_, response, err := dial("")
	require.Error(t, err)
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)

	conn, _, err := dial("http://" + s.listen)
	require.NoError(t, err, "a browser cannot read a refused handshake")
	_, _, err = conn.Read(context.Background())
	require.NoError(t, err, "the error message")
	_, _, err = conn.Read(context.Background())
	require.Equal(t, websocket.StatusCode(4521), websocket.CloseStatus(err))
}

// Free text is cleaned at the edge: such bytes would fail a whole batch in the database.
func TestDirtyFreeTextIsCleanedAndTheLoginGoesOn(t *testing.T) {
	onEachStore(t, func(t *testing.T, store string) {
		s := start(t, store)
		s.addEmployee("ada", "correct horse")
		dirty := s.decodeLogin(s.send("POST", "/v1/login", "",
			`{"employee_id":"ada","password":"correct horse","device_name":"Till\u0000 7"}`, "User-Agent", "Till\xff/1.0"))
		require.Equal(t, "Till 7", dirty.Session.DeviceName)
		require.Equal(t, "Till\uFFFD/1.0", dirty.Session.UserAgent)

		trusted := s.decodeLogin(s.trusted(object{
			"employee_id": "ada", "device_name": "Kasse\u0000 8", "user_agent": "POS\u0007/2", "external_id": "sid\u0000-1",
		}))
		require.Equal(t, "Kasse 8", trusted.Session.DeviceName)
		require.Equal(t, "POS/2", trusted.Session.UserAgent)
		require.Equal(t, []seat{trusted.Session}, s.active("ada"), "stored as it was answered")
	})
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
