package api

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

var loopbackHosts = map[string]bool{
	"127.0.0.1": true, "127.0.0.1:8080": true, "127.8.8.8": true, "[::1]:8080": true, "[::1]": true, "localhost": true, "LOCALHOST:8080": true,
	"evil.test": false, "evil.test:8080": false, "127.0.0.1.evil.test": false, "localhost.evil.test": false,
	"192.0.2.1:8080": false, "0.0.0.0:8080": false, "": false,
}

func TestAServerForLoopbackHostsAnswersNoOther(t *testing.T) {
	b := start(t, func(o *Options) { o.LoopbackOnly = true })
	b.hire("ada")
	ask := func(handler http.Handler, method, path, host string) (status int, body string) {
		r := httptest.NewRequest(method, path, strings.NewReader(`{"employee_id":"ada","password":"`+adaPassword+`"}`))
		r.Host, r.Header = host, http.Header{"Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		text, err := io.ReadAll(w.Result().Body)
		require.NoError(t, err)
		return w.Code, string(text)
	}
	public, ops := b.api.Handler(), b.api.OpsHandler()
	for host, answered := range loopbackHosts {
		for _, one := range []struct {
			handler      http.Handler
			method, path string
		}{
			{public, "GET", "/"},
			{public, "GET", "/assets/nothing"},
			{public, "GET", "/v1/session"},
			{public, "POST", "/v1/login"},
			{public, "OPTIONS", "/v1/login"},
			{public, "GET", "/ws/session/till-1/"},
			{public, "GET", "/nowhere"},
			{public, "GET", "//"},
			{ops, "GET", "/healthz"},
			{ops, "GET", "/metrics"},
			{ops, "GET", "/debug/pprof/"},
		} {
			status, body := ask(one.handler, one.method, one.path, host)
			refused := status == http.StatusForbidden && strings.Contains(body, `"origin_not_allowed"`)
			require.Equal(t, !answered, refused, "%s %s for host %q: %d %s", one.method, one.path, host, status, body)
			require.Equal(t, answered && one.path == "/v1/login" && one.method == "POST", strings.Contains(body, "access_token"))
		}
	}
	b.api.o.LoopbackOnly = false
	status, _ := ask(public, "GET", "/", "evil.test")
	require.Equal(t, http.StatusOK, status, "nobody else is asked for his host")
}

func TestASocketForLoopbackHostsIsOpenedForNoOther(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("till-1").AccessToken
	gate := b.gate()
	gate.o.LoopbackOnly = true
	for host, answered := range loopbackHosts {
		admit := func(origin string) hub.Verdict {
			return gate.Admit(context.Background(), handshake("till-1", func(r *hub.Request) {
				r.Host, r.Origin, r.Authorization = host, origin, "Bearer "+token
			}))
		}
		program, page := admit(""), admit("https://pos.test")
		require.Equal(t, answered, program.Seat != nil, host)
		require.Equal(t, answered, page.Seat != nil, host)
		if !answered {
			require.Equal(t, http.StatusForbidden, program.Status, host)
			require.Contains(t, string(program.Problem), "loopback")
			require.Equal(t, hub.CloseOrigin, page.Close, host)
		}
	}
}
