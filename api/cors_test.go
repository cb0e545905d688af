package api

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhichOriginsAreAdmitted(t *testing.T) {
	for _, row := range []struct {
		public, allowed string
		origin          string
		scheme, host    string
		want            bool
	}{
		{origin: "http://127.0.0.1:8080", scheme: "http", host: "127.0.0.1:8080", want: true},
		{origin: "http://localhost:8080", scheme: "http", host: "localhost:8080", want: true},
		{origin: "http://[::1]:8080", scheme: "http", host: "[::1]:8080", want: true},
		{origin: "http://localhost", scheme: "http", host: "localhost:80", want: true},
		{origin: "https://localhost", scheme: "https", host: "localhost", want: true},
		{origin: "https://localhost:8080", scheme: "http", host: "localhost:8080"},
		{origin: "http://localhost:8081", scheme: "http", host: "localhost:8080"},
		{origin: "http://localhost:8080", scheme: "http", host: "127.0.0.1:8080"},
		// A name that somebody made point here is not own.
		{origin: "http://evil.test:8080", scheme: "http", host: "evil.test:8080"},
		{origin: "http://localhost.evil.test", scheme: "http", host: "localhost.evil.test"},
		{origin: "http://10.0.0.1", scheme: "http", host: "10.0.0.1"},
		{origin: "null", scheme: "http", host: "localhost:8080"},
		{origin: "", scheme: "http", host: "localhost:8080"},
		{public: "https://seat.test", origin: "https://seat.test", scheme: "http", host: "10.0.0.1", want: true},
		{public: "https://seat.test:443/", origin: "https://seat.test", scheme: "http", host: "x", want: true},
		{public: "https://SEAT.test/app", origin: "https://seat.test", scheme: "http", host: "x", want: true},
		{public: "https://seat.test", origin: "http://seat.test", scheme: "http", host: "seat.test"},
		{public: "https://seat.test", origin: "http://localhost:8080", scheme: "http", host: "localhost:8080"},
		{public: "https://seat.test", origin: "https://seat.test.evil.test", scheme: "https", host: "seat.test"},
		{public: "https://seat.test", origin: "https://evilseat.test", scheme: "https", host: "seat.test"},
		{public: "https://seat.test", origin: "https://seat.test:444", scheme: "https", host: "seat.test"},
		{public: "https://seat.test", origin: "https://app.seat.test", scheme: "https", host: "seat.test"},
		{allowed: "https://pos.test", origin: "https://pos.test", scheme: "http", host: "x", want: true},
		{allowed: "https://pos.test", origin: "https://POS.test", scheme: "http", host: "x"},
		{allowed: "https://pos.test", origin: "https://pos.test/", scheme: "http", host: "x"},
		{allowed: "https://pos.test", origin: "http://pos.test", scheme: "http", host: "x"},
		{allowed: "https://pos.test", origin: "https://pos.test.evil.test", scheme: "http", host: "x"},
		{allowed: "https://pos.test", origin: "null", scheme: "http", host: "x"},
	} {
		var allowed []string
		if row.allowed != "" {
			allowed = []string{row.allowed}
		}
		o, err := newOrigins(row.public, allowed)
		require.NoError(t, err)
		require.Equal(t, row.want, o.admits(row.origin, row.scheme, row.host), "%+v", row)
	}
	for _, bad := range []string{"*", "pos.test", "https://pos.test/", "https://*.pos.test/x", "null", "https://u@pos.test", "https://pos.test?x"} {
		_, err := newOrigins("", []string{bad})
		require.ErrorContains(t, err, "scheme://host", bad)
	}
	_, err := newOrigins("seat.test", nil)
	require.ErrorContains(t, err, "public URL")
}

func TestBrowserRoutesServeAllowedPagesAndRefuseOthersBeforeAnythingIsDone(t *testing.T) {
	const page = "https://pos.test"
	b := start(t, func(o *Options) { o.AllowedOrigins = []string{page} })
	b.hire("ada")
	token := b.login("t").AccessToken
	before := b.changes()
	done := map[string]bool{}
	for _, one := range routes {
		path := strings.NewReplacer("{employee_id}", "ada", "{session_id}", zeroID, "{terminal_id}", "t").Replace(one.pattern)
		if strings.HasPrefix(one.pattern, "/ws/") {
			continue
		}
		method := strings.Replace(one.method, anyMethod, "GET", 1)
		from := func(origin string) *answer {
			return b.send(request{method: method, path: path, bearer: token, body: "{}", header: http.Header{"Origin": {origin}}})
		}
		if !one.browser {
			for _, origin := range []string{page, "https://evil.test"} {
				a := from(origin)
				require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"), one.pattern)
				require.NotContains(t, string(a.text), `"code":"origin_not_allowed"`, one.pattern)
			}
			continue
		}
		if method != "DELETE" { // which would end the session that the others use
			a := from(page)
			require.Equal(t, page, a.Header.Get("Access-Control-Allow-Origin"), "%s → %d", one.pattern, a.StatusCode)
			require.Equal(t, "WWW-Authenticate, Retry-After, X-Request-Id", a.Header.Get("Access-Control-Expose-Headers"))
			require.Equal(t, "Origin", a.Header.Get("Vary"))
			require.Empty(t, a.Header.Get("Access-Control-Allow-Credentials"))
		}
		commands := b.changes()
		for _, origin := range []string{"https://evil.test", "null", "https://pos.test.evil.test", "https://evilpos.test", "http://pos.test"} {
			a := from(origin)
			problem := a.problem(403, "origin_not_allowed")
			require.Contains(t, problem["detail"], "--allowed-origins")
			require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "Origin", a.Header.Get("Vary"))
		}
		require.Equal(t, commands, b.changes(), "a foreign page did something at %s", one.pattern)
		done[one.pattern] = true

		preflight := func(origin string) *answer {
			return b.send(request{method: "OPTIONS", path: path, header: http.Header{
				"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization,content-type"},
			}})
		}
		a := preflight(page)
		require.Equal(t, 204, a.StatusCode)
		require.Equal(t, page, a.Header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "GET, POST, DELETE", a.Header.Get("Access-Control-Allow-Methods"))
		require.Equal(t, "authorization, content-type, idempotency-key, last-event-id, x-request-id, traceparent", a.Header.Get("Access-Control-Allow-Headers"))
		require.Equal(t, "600", a.Header.Get("Access-Control-Max-Age"))
		require.Equal(t, "Origin", a.Header.Get("Vary"))
		a = preflight("https://evil.test")
		a.problem(403, "origin_not_allowed")
		require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"))
	}
	require.Len(t, done, 11, "%v", done)
	require.Equal(t, before+1, b.changes(), "one ticket was given")
	// Replies that are errors before any route are marked too, so that the page can read them.
	a := b.send(request{method: "PUT", path: "/v1/login", header: http.Header{"Origin": {page}}})
	a.problem(405, "method_not_allowed")
	require.Equal(t, page, a.Header.Get("Access-Control-Allow-Origin"))
	// Without Origin the reply is still one that depends on it.
	require.Equal(t, "Origin", b.get("/v1/session", token).Header.Get("Vary"))
}

func TestTheOwnPageNeedsNoSetting(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	own := b.server.URL // a loopback address
	a := b.send(request{
		method: "POST", path: "/v1/login", header: http.Header{"Origin": {own}},
		body: `{"employee_id":"ada","password":"` + adaPassword + `"}`,
	})
	a.grant()
	require.Equal(t, own, a.Header.Get("Access-Control-Allow-Origin"))
	// The same page by a name that is not loopback.
	r, err := http.NewRequest("POST", b.server.URL+"/v1/login", strings.NewReader(`{}`))
	require.NoError(t, err)
	r.Host, r.Header = "evil.test", http.Header{"Origin": {"http://evil.test"}}
	response, err := b.server.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 403, response.StatusCode)
}

func TestWhatProxiesSayIsBelievedOnlyFromTrustedOnes(t *testing.T) {
	for _, row := range []struct {
		peer, forwarded, proto string
		ip, scheme             string
	}{
		{"203.0.113.9:1", "198.51.100.1", "https", "203.0.113.9", "http"},
		{"10.0.0.1:1", "", "", "10.0.0.1", "http"},
		{"10.0.0.1:1", "198.51.100.1", "https", "198.51.100.1", "https"},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.1", "https", "198.51.100.1", "https"},
		{"10.0.0.1:1", "198.51.100.1, 10.0.0.2", "http", "198.51.100.1", "http"},
		{"10.0.0.1:1", "garbage", "", "10.0.0.1", "http"},
		{"10.0.0.1:1", "198.51.100.1, garbage", "", "10.0.0.1", "http"},
		{"[::ffff:10.0.0.1]:1", "2001:db8::1", "https", "2001:db8::1", "https"},
	} {
		r, err := http.NewRequest("GET", "/", nil)
		require.NoError(t, err)
		r.RemoteAddr = row.peer
		if row.forwarded != "" {
			r.Header.Set("X-Forwarded-For", row.forwarded)
		}
		r.Header.Set("X-Forwarded-Proto", row.proto)
		a := &API{o: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
		x := &exchange{API: a, r: r}
		require.Equal(t, row.ip, x.remote().String(), "%+v", row)
		require.Equal(t, row.scheme, x.scheme(), "%+v", row)
	}
}
