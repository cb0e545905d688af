package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// ops asks the operations listener.
func (b *bench) ops(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.api.OpsHandler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestReadinessIsPublicAndItsReasonsAreNot(t *testing.T) {
	var why atomic.Value
	why.Store([]string(nil))
	b := start(t, func(o *Options) { o.NotReady = func() []string { return why.Load().([]string) } })
	require.Equal(t, map[string]any{"ready": true}, b.get("/readyz", "").is(200))
	require.JSONEq(t, `{"ready":true}`, b.ops("/readyz").Body.String())
	why.Store([]string{"the store has not answered for 3s"})
	a := b.get("/readyz", "")
	require.Equal(t, map[string]any{"ready": false}, a.is(503))
	require.Equal(t, "1", a.Header.Get("Retry-After"))
	w := b.ops("/readyz")
	require.Equal(t, 503, w.Code)
	require.JSONEq(t, `{"ready":false,"reasons":["the store has not answered for 3s"]}`, w.Body.String())
	b.get("/healthz", "").is(200)
	require.Equal(t, 200, b.ops("/healthz").Code)
}

func TestMetricsAndProfilesAreOnTheOperationsListenerOnly(t *testing.T) {
	b := start(t, nil)
	b.post("/v1/sessions", serviceKey, `{"employee_id":"ada"}`).is(200)
	require.Contains(t, b.ops("/metrics").Body.String(), `hotseat_logins_total{kind="trusted",outcome="ok"} 1`)
	require.Equal(t, 200, b.ops("/debug/pprof/").Code)
	require.Equal(t, 200, b.ops("/debug/pprof/goroutine?debug=1").Code)
	require.Equal(t, 404, b.ops("/debug/pprof/cmdline").Code, "a command line may hold keys")
	require.Equal(t, 404, b.ops("/v1/login").Code)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		b.get(path, adminKey).problem(404, "not_found")
	}
}

func TestTheFirstPageRunsAndLoadsNothing(t *testing.T) {
	b := start(t, nil)
	a := b.get("/", "")
	require.Equal(t, 200, a.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	require.Equal(t, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", a.Header.Get("Content-Security-Policy"))
	require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"))
	page := string(a.text)
	require.Equal(t, 3, strings.Count(page, "<pre><code>bin/hotseat "))
	for _, banned := range []string{"<script", "<style", "style=", " on", "http://", "https://", "<img", "<link"} {
		for _, tag := range strings.Split(page, "<")[1:] {
			require.NotContains(t, "<"+strings.SplitN(tag, ">", 2)[0], banned)
		}
	}
}

func TestDocumentsAndKeysMayBeReadByAnyone(t *testing.T) {
	b := start(t, nil)
	require.Equal(t, "3.1.0", b.get("/openapi.json", "").is(200)["openapi"])
	require.Equal(t, "3.0.0", b.get("/asyncapi.json", "").is(200)["asyncapi"])
	a := b.get("/.well-known/jwks.json", "")
	require.Len(t, a.is(200)["keys"], 1)
	require.Equal(t, "public, max-age=300", a.Header.Get("Cache-Control"))
	require.NotContains(t, string(a.text), `"d"`)
}

func TestEveryReplyForbidsGuessingItsType(t *testing.T) {
	b := start(t, nil)
	for _, path := range []string{"/", "/healthz", "/nothing", "/v1/session", "/openapi.json", "/v1/authz"} {
		require.Equal(t, "nosniff", b.get(path, "").Header.Get("X-Content-Type-Options"), path)
	}
}

func TestAPanicIsContainedAndItsValueIsNotLogged(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.before = func(session.Command) { panic("the password is " + adaPassword) }
	body := `{"employee_id":"ada","password":"` + adaPassword + `"}`
	a := b.post("/v1/login", "", body)
	a.problem(500, "internal")
	require.NotContains(t, string(a.text), "canary")
	require.Contains(t, b.log.String(), "panic in a handler")
	require.Contains(t, b.log.String(), "login.go", "the log says where")
	require.NotContains(t, b.log.String(), "canary")
	b.before = nil
	b.login("t")
}

func TestAHandlerThatAbortsIsNotAnswered(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.before = func(session.Command) { panic(http.ErrAbortHandler) }
	r, err := http.NewRequest("POST", b.server.URL+"/v1/sessions", strings.NewReader(`{"employee_id":"ada"}`))
	require.NoError(t, err)
	r.Header = http.Header{"Authorization": {"Bearer " + serviceKey}, "Content-Type": {"application/json"}}
	_, err = b.server.Client().Do(r)
	require.Error(t, err)
}

func TestAnErrorThatNobodyKnowsIsInternalAndLoggedOnce(t *testing.T) {
	b := start(t, nil)
	b.fail(errors.New("the disk is on fire"))
	a := b.post("/v1/sessions", serviceKey, `{"employee_id":"ada"}`)
	a.problem(500, "internal")
	require.NotContains(t, string(a.text), "fire")
	require.Equal(t, 1, strings.Count(b.log.String(), "the disk is on fire"))
}

func TestAnAPIThatIsNotWholeDoesNotStart(t *testing.T) {
	b := start(t, nil)
	for name, change := range map[string]func(*Options){
		"no rows":       func(o *Options) { o.Rows = nil },
		"no tokens":     func(o *Options) { o.Tokens = nil },
		"a weak key":    func(o *Options) { o.AdminKeys = []NamedKey{{Secret: "weak"}} },
		"a bad origin":  func(o *Options) { o.AllowedOrigins = []string{"*"} },
		"a bad address": func(o *Options) { o.PublicURL = "hotseat" },
		"twice counted": func(*Options) {}, // on the registry of the first
	} {
		o := b.api.o
		change(&o)
		_, err := New(o)
		require.Error(t, err, name)
	}
	_, err := NewGate(GateOptions{PublicURL: "hotseat"})
	require.Error(t, err)
}
