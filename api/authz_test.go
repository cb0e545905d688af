package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

func TestAuthzSaysWhoPassesByAnyMethodAndReadsNoBody(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	b.stale = 123 * time.Millisecond
	loads := b.loads
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
		a := b.send(request{method: method, path: "/v1/authz", bearer: g.AccessToken, header: http.Header{"Origin": {"https://app.test"}}})
		require.Equal(t, 200, a.StatusCode, method)
		require.Empty(t, a.text)
		require.Equal(t, "ada", a.Header.Get("X-Employee-Id"))
		require.Equal(t, g.Session.SessionID.String(), a.Header.Get("X-Session-Id"))
		require.Equal(t, "1", a.Header.Get("X-Session-Epoch"))
		require.Equal(t, "till-1", a.Header.Get("X-Terminal-Id"))
		require.Equal(t, "123", a.Header.Get("X-Hotseat-Staleness-Ms"))
		require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"))
	}
	require.Equal(t, loads, b.loads, "local asked the store")
	a := b.send(request{method: "POST", path: "/v1/authz", bearer: g.AccessToken, body: "not JSON at all"})
	require.Equal(t, 200, a.StatusCode)

	a = b.get("/v1/authz?level=strict", g.AccessToken)
	require.Equal(t, 200, a.StatusCode)
	require.Equal(t, loads+1, b.loads, "strict asks the store")
	require.Empty(t, a.Header.Get("X-Hotseat-Staleness-Ms"))
	require.Equal(t, "ada", a.Header.Get("X-Employee-Id"))
}

func TestAuthzRefusesWithWhatRFC6750Says(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	for _, level := range []string{"local", "strict"} {
		path := "/v1/authz?level=" + level
		a := b.get(path, "")
		a.problem(401, "invalid_token")
		require.Equal(t, "Bearer", a.Header.Get("WWW-Authenticate"))
		a = b.get(path, "garbage")
		a.problem(401, "invalid_token")
		require.Equal(t, `Bearer error="invalid_token", error_description="invalid_token"`, a.Header.Get("WWW-Authenticate"))
		b.get(path, serviceKey).problem(403, "insufficient_scope")
	}
	b.advance(15 * time.Minute)
	a := b.get("/v1/authz", g.AccessToken)
	a.problem(401, "token_expired")
	require.Equal(t, `Bearer error="invalid_token", error_description="token_expired"`, a.Header.Get("WWW-Authenticate"))
	b.get("/v1/authz?level=strict", g.AccessToken).problem(401, "token_expired")
	b.login("till-2")
	for _, level := range []string{"local", "strict"} {
		a := b.get("/v1/authz?level="+level, g.AccessToken)
		a.problem(401, "session_terminated")
		require.Equal(t, `Bearer error="invalid_token", error_description="session_terminated"`, a.Header.Get("WWW-Authenticate"))
		require.Empty(t, a.Header.Get("X-Employee-Id"))
	}
}

func TestAViewPastItsAgeAnswers503ButStillKnowsWhoHasEnded(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	ended := b.login("till-1")
	g := b.login("till-2")
	b.stale = 5 * time.Second
	b.get("/v1/authz", g.AccessToken).is(200)
	b.stale += time.Millisecond
	a := b.get("/v1/authz", g.AccessToken)
	a.problem(503, "stale_view")
	require.Equal(t, "5001", a.Header.Get("X-Hotseat-Staleness-Ms"))
	require.Empty(t, a.Header.Get("X-Employee-Id"))
	b.get("/v1/authz", ended.AccessToken).problem(401, "session_terminated")
	b.get("/v1/authz?level=strict", g.AccessToken).is(200)
}

func TestAuthzThatCannotKnowIs503(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	for _, err := range []error{session.ErrUnavailable, session.ErrOverloaded, context.DeadlineExceeded, errors.New("anything")} {
		b.fail(err)
		b.get("/v1/authz", g.AccessToken).problem(503, "stale_view")
		b.get("/v1/authz?level=strict", g.AccessToken).problem(503, "stale_view")
	}
}

func TestATokenOfAKeyThatIsNotKnownHereIs503EverywhereNot401(t *testing.T) {
	b, elsewhere := start(t, nil), start(t, nil)
	elsewhere.hire("ada")
	g := elsewhere.login("till-1")
	for _, a := range []*answer{
		b.get("/v1/authz", g.AccessToken), b.get("/v1/authz?level=strict", g.AccessToken),
		b.get("/v1/session", g.AccessToken), b.post("/v1/ws-ticket", g.AccessToken, ""),
	} {
		a.problem(503, "stale_view")
	}
	b.advance(10 * time.Second)
	require.NoError(t, b.ring.Reload(context.Background()))
	b.get("/v1/authz", g.AccessToken).problem(401, "invalid_token")
	_, err := b.api.o.Tokens.Verify(g.AccessToken)
	require.ErrorIs(t, err, token.ErrInvalid)
}

// hurried fails a read that might wait for ever.
type hurried struct{ *world }

func (h hurried) Load(ctx context.Context, key session.Key) (session.Employee, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return session.Employee{}, errors.New("no deadline")
	}
	return h.world.Load(ctx, key)
}

func TestNoCheckWaitsForEver(t *testing.T) {
	b := start(t, func(o *Options) {
		o.Rows = hurried{o.Rows.(*world)}
	})
	b.hire("ada")
	g := b.login("till-1")
	b.get("/v1/authz?level=strict", g.AccessToken).is(200)
	b.get("/v1/session", g.AccessToken).is(200)
}

// quiet is a ResponseWriter that keeps nothing.
type quiet struct{ header http.Header }

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) Write(b []byte) (int, error) { return len(b), nil }
func (q *quiet) WriteHeader(int)             {}

// The hot path of gateways: what it allocates is bounded, so that nobody makes it slow unseen.
func TestALocalCheckAllocatesLittle(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("till-1").AccessToken
	for _, path := range []string{"/v1/authz", "/v1/authz?level=local"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := &quiet{header: http.Header{}}
		handler := b.api.Handler()
		got := testing.AllocsPerRun(200, func() { handler.ServeHTTP(w, r) })
		require.LessOrEqual(t, got, 5.0, path)
	}
}

// BenchmarkAuthz compares a local check over a real connection with an empty handler.
func BenchmarkAuthz(b *testing.B) {
	bench := start(b, nil)
	bench.hire("ada")
	token := bench.login("till-1").AccessToken
	empty := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer empty.Close()
	run := func(b *testing.B, url string) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			r, err := http.NewRequest("GET", url, nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			for pb.Next() {
				response, err := client.Do(r)
				if err != nil || response.StatusCode != 200 {
					b.Fatalf("%v %v", response, err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	}
	b.Run("empty", func(b *testing.B) { run(b, empty.URL) })
	b.Run("local", func(b *testing.B) { run(b, bench.server.URL+"/v1/authz") })
	b.Run("handler", func(b *testing.B) {
		r := httptest.NewRequest("GET", "/v1/authz", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w, handler := &quiet{header: http.Header{}}, bench.api.Handler()
		b.ReportAllocs()
		for b.Loop() {
			handler.ServeHTTP(w, r)
		}
	})
}
