package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const zeroID = "00000000-0000-7000-8000-000000000001"

// bodied are the routes that take a body, with one that is good.
var bodied = []struct{ method, path, key, good string }{
	{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x"}`},
	{"POST", "/v1/sessions", serviceKey, `{"employee_id":"ada"}`},
	{"POST", "/v1/token/refresh", "", `{"refresh_token":"x"}`},
	{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve"}`},
	{"PATCH", "/v1/admin/employees/ada", adminKey, `{"role":"x"}`},
	{"POST", "/v1/admin/employees/ada/end-sessions", adminKey, `{"message":"x"}`},
	{"POST", "/v1/admin/employees/ada/sessions/" + zeroID + "/end", adminKey, `{"message":"x"}`},
}

// changes counts what got as far as the owners.
func (b *bench) changes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.commands
}

func TestABodyThatIsNotStrictJSONIsRefusedOnEveryRouteAndChangesNothing(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	before := b.changes()
	for _, one := range bodied {
		inside := strings.TrimSuffix(one.good, "}")
		first := one.good[:strings.Index(one.good, ":")] // {"name"
		for name, bad := range map[string]struct {
			body, contentType, encoding string
			status                      int
			code                        string
		}{
			"cut off":             {body: inside},
			"not JSON":            {body: "employee_id=ada"},
			"nothing but space":   {body: " "},
			"null":                {body: "null"},
			"a list":              {body: "[" + one.good + "]"},
			"a text":              {body: `"ada"`},
			"something behind":    {body: one.good + "{}"},
			"garbage behind":      {body: one.good + "x"},
			"an unknown field":    {body: inside + `,"admin":true}`},
			"another case":        {body: strings.ToUpper(first) + `:"x"}`},
			"a field twice":       {body: inside + "," + one.good[1:]},
			"a number for a text": {body: first + ":1}"},
			"an object for one":   {body: first + `:{"employee_id":"x"}}`},
			"a list for one":      {body: first + `:["x"]}`},
			"much nesting":        {body: first + ":" + strings.Repeat(first+":", 2000) + "1}"},
			"invalid escape":      {body: first + `:"\q"}`},
			"control character":   {body: first + ":\"\x00\"}"},
			"invalid name":        {body: "{\"\xff\":1}"},
			"as a form":           {body: one.good, contentType: "application/x-www-form-urlencoded", status: 415, code: "unsupported_media_type"},
			"as plain text":       {body: one.good, contentType: "text/plain", status: 415, code: "unsupported_media_type"},
			"as nothing":          {body: one.good, contentType: "none", status: 415, code: "unsupported_media_type"},
			"in UTF-16":           {body: one.good, contentType: "application/json; charset=utf-16", status: 415, code: "unsupported_media_type"},
			"compressed":          {body: one.good, encoding: "gzip", status: 415, code: "unsupported_media_type"},
			"oversized":           {body: inside + strings.Repeat(" ", maxBody) + "}", status: 413, code: "body_too_large"},
		} {
			t.Run(one.method+" "+one.path+" "+name, func(t *testing.T) {
				if bad.status == 0 {
					bad.status, bad.code = 400, "invalid_request"
				}
				header := http.Header{}
				if bad.contentType != "" {
					header.Set("Content-Type", strings.TrimPrefix(bad.contentType, "none"))
				}
				if bad.encoding != "" {
					header.Set("Content-Encoding", bad.encoding)
				}
				b.TB = t
				b.send(request{method: one.method, path: one.path, bearer: one.key, body: bad.body, header: header}).
					problem(bad.status, bad.code)
			})
		}
	}
	require.Equal(t, before, b.changes(), "bad input reached an owner")
}

func TestAnUnannouncedOversizedBodyIsRefusedToo(t *testing.T) {
	b := start(t, nil)
	r, err := http.NewRequest("POST", b.server.URL+"/v1/login", io.MultiReader(strings.NewReader(`{"employee_id":"`), strings.NewReader(strings.Repeat("a", maxBody))))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := b.server.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

func TestFieldsThatAreWrongAreNamedAndChangeNothing(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	before := b.changes()
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, bad := range []struct{ method, path, key, body, field string }{
		{"POST", "/v1/login", "", `{"password":"x"}`, "employee_id"},
		{"POST", "/v1/login", "", `{"employee_id":"","password":"x"}`, "employee_id"},
		{"POST", "/v1/login", "", `{"employee_id":"a b","password":"x"}`, "employee_id"},
		{"POST", "/v1/login", "", `{"employee_id":"ada\u0000","password":"x"}`, "employee_id"},
		{"POST", "/v1/login", "", "{\"employee_id\":\"ada\xff\",\"password\":\"x\"}", "employee_id"},
		{"POST", "/v1/login", "", `{"employee_id":"` + long(129) + `","password":"x"}`, "employee_id"},
		{"POST", "/v1/login", "", `{"employee_id":"ada"}`, "password"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":""}`, "password"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":null}`, "password"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":7}`, "password"},
		{"POST", "/v1/login", "", "{\"employee_id\":\"ada\",\"password\":\"\xff\"}", "password"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"` + long(1025) + `"}`, "password"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","terminal_id":""}`, "terminal_id"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","terminal_id":"a/b"}`, "terminal_id"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","terminal_id":"` + long(65) + `"}`, "terminal_id"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","terminal_id":"t\u0007"}`, "terminal_id"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","if_active":"ask"}`, "if_active"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","if_active":""}`, "if_active"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","takeover_token":"x"}`, "takeover_token"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","idempotency_key":""}`, "idempotency_key"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","idempotency_key":"ä"}`, "idempotency_key"},
		{"POST", "/v1/login", "", "{\"employee_id\":\"ada\",\"password\":\"x\",\"idempotency_key\":\"\xff\"}", "idempotency_key"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","idempotency_key":"` + long(129) + `"}`, "idempotency_key"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","override":true}`, "override"},
		{"POST", "/v1/login", "", `{"employee_id":"ada","password":"x","ip":"10.0.0.1"}`, "ip"},
		{"POST", "/v1/login?wait=forever", "", `{"employee_id":"ada","password":"x"}`, "wait"},
		{"POST", "/v1/login?wait=acked&timeout_ms=2001", "", `{"employee_id":"ada","password":"x"}`, "timeout_ms"},
		{"POST", "/v1/login?wait=acked&timeout_ms=-1", "", `{"employee_id":"ada","password":"x"}`, "timeout_ms"},
		{"POST", "/v1/login?wait=acked&timeout_ms=1s", "", `{"employee_id":"ada","password":"x"}`, "timeout_ms"},
		{"POST", "/v1/sessions", serviceKey, `{"employee_id":"ada","password":"x"}`, "password"},
		{"POST", "/v1/sessions", serviceKey, `{"employee_id":"ada","ip":"localhost"}`, "ip"},
		{"POST", "/v1/sessions", serviceKey, `{"employee_id":"ada","ip":"fe80::1%eth0"}`, "ip"},
		{"POST", "/v1/sessions", serviceKey, `{"employee_id":"ada","override":"yes"}`, "override"},
		{"POST", "/v1/token/refresh", "", `{}`, "refresh_token"},
		{"POST", "/v1/admin/employees", adminKey, `{}`, "employee_id"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"-eve"}`, "employee_id"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","username":"a\nb"}`, "username"},
		{"POST", "/v1/admin/employees", adminKey, "{\"employee_id\":\"eve\",\"email\":\"\xff\"}", "email"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","first_name":"` + long(151) + `"}`, "first_name"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","legacy_id":1.5}`, "legacy_id"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","password":""}`, "password"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","keep_sessions":true}`, "keep_sessions"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","policy":{"max_sessions":0,"on_limit":"deny"}}`, "max_sessions"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","policy":{"max_sessions":65,"on_limit":"deny"}}`, "max_sessions"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","policy":{"max_sessions":2}}`, "on_limit"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","policy":{"max_sessions":2,"on_limit":"ask"}}`, "on_limit"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","policy":{"max_sessions":2,"on_limit":"deny","x":1}}`, "x"},
		{"POST", "/v1/admin/employees", adminKey, `{"employee_id":"eve","policy":{"locked":true}}`, "locked"},
		{"PATCH", "/v1/admin/employees/ada", adminKey, `{"employee_id":"eve"}`, "employee_id"},
		{"PATCH", "/v1/admin/employees/ada", adminKey, `{"locked":"no"}`, "locked"},
		{"PATCH", "/v1/admin/employees/ada", adminKey, `{"policy":{}}`, "policy"},
		{"PATCH", "/v1/admin/employees/a%00da", adminKey, `{}`, "employee_id"},
		{"PATCH", "/v1/admin/employees/a%ffda", adminKey, `{}`, "employee_id"},
		{"GET", "/v1/admin/employees/a%20da", adminKey, "", "employee_id"},
		{"DELETE", "/v1/admin/employees/a%2fx", adminKey, "", "employee_id"},
		{"GET", "/v1/admin/employees?limit=0", adminKey, "", "limit"},
		{"GET", "/v1/admin/employees?limit=501", adminKey, "", "limit"},
		{"GET", "/v1/admin/employees?limit=x", adminKey, "", "limit"},
		{"GET", "/v1/admin/employees?prefix=%25", adminKey, "", "prefix"},
		{"GET", "/v1/admin/employees?cursor=!", adminKey, "", "cursor"},
		{"GET", "/v1/admin/employees?cursor=AAAA", adminKey, "", "cursor"},
		{"POST", "/v1/admin/employees/ada/sessions/1/end", adminKey, "", "session_id"},
		{"GET", "/v1/employees/ada/sessions/%00", serviceKey, "", "session_id"},
		{"POST", "/v1/admin/terminals/a.b/test-termination", adminKey, "", "terminal_id"},
		{"POST", "/v1/admin/terminals/t/test-termination?force=1", adminKey, "", "force"},
		{"GET", "/v1/authz?level=lax", "x", "", "level"},
	} {
		problem := b.send(request{method: bad.method, path: bad.path, bearer: bad.key, body: bad.body}).problem(400, "invalid_request")
		require.Contains(t, problem["detail"], bad.field, "%s %s %s", bad.method, bad.path, bad.body)
	}
	require.Equal(t, before, b.changes(), "bad input reached an owner")
}

func TestWhatIsNotThereIs404AndWhatIsNotTakenIs405WithAllow(t *testing.T) {
	b := start(t, nil)
	for _, path := range []string{"/v1", "/v1/", "/v1/login/", "/v2/login", "/v1//login", "/v1/x/../login", "/metrics", "/debug/pprof/", "/index.html", "/v1/admin/employees/ada/"} {
		b.get(path, "").problem(404, "not_found")
	}
	paths := map[string]bool{}
	for _, one := range routes {
		if one.method == anyMethod || strings.HasPrefix(one.pattern, "/ws/") || paths[one.pattern] {
			continue
		}
		paths[one.pattern] = true
		path := strings.NewReplacer("{employee_id}", "ada", "{session_id}", zeroID, "{terminal_id}", "t").Replace(one.pattern)
		a := b.send(request{method: "PUT", path: path, bearer: adminKey, body: "{}"})
		a.problem(405, "method_not_allowed")
		require.Contains(t, a.Header.Get("Allow"), one.method, path)
		require.NotContains(t, a.Header.Get("Allow"), "PUT")
	}
	require.Equal(t, "DELETE, GET, HEAD, OPTIONS", b.send(request{method: "PUT", path: "/v1/session"}).Header.Get("Allow"))
}

func TestAValidRequestIDIsEchoedAndAnyOtherReplaced(t *testing.T) {
	b := start(t, nil)
	for sent, echoed := range map[string]bool{
		"abc.DEF_1-2": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "a\"b": false, "ä": false, "": false,
	} {
		for _, path := range []string{"/healthz", "/nothing", "/v1/session"} {
			a := b.send(request{path: path, header: http.Header{"X-Request-Id": {sent}}})
			require.Equal(t, echoed, a.Header.Get("X-Request-Id") == sent, "%q at %s", sent, path)
			require.NotEmpty(t, a.Header.Get("X-Request-Id"))
		}
	}
}

// deadlines notes what a handler asks of its connection.
type deadlines struct {
	http.ResponseWriter
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

func TestABodyHasTenSecondsAndTheHandlerIsNotCutOffByThem(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	call := func(method, path, body string) []time.Time {
		r, err := http.NewRequest(method, path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		w := &deadlines{ResponseWriter: newRecorder()}
		b.api.Handler().ServeHTTP(w, r)
		return w.read
	}
	set := call("POST", "/v1/login", `{"employee_id":"ada","password":"x"}`)
	require.Len(t, set, 2)
	require.WithinDuration(t, time.Now().Add(bodyTimeout), set[0], 5*time.Second)
	require.True(t, set[1].IsZero(), "the deadline is taken back once the body is there")
	set = call("GET", "/healthz", `{}`)
	require.Len(t, set, 1, "a body that nobody reads keeps its deadline")
}

func TestAHeaderThatNeverEndsIsCutOff(t *testing.T) {
	server := NewServer(http.NotFoundHandler(), nil)
	require.Equal(t, 5*time.Second, server.ReadHeaderTimeout)
	require.Equal(t, 120*time.Second, server.IdleTimeout)
	require.Zero(t, server.ReadTimeout)
	server.ReadHeaderTimeout = 20 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	_, err = fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n")
	require.NoError(t, err)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = bufio.NewReader(conn).ReadString('\n')
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, conn.Close())
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-done, http.ErrServerClosed)
}
