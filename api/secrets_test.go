package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// Everything that must stay secret is sent to every route in every place where it might come, by
// mistake or not; then the log (at its most talkative), the metrics, the profiles and all answers
// that are no grants are searched for it.
func TestSecretsAreInNoLogNoProblemNoMetricAndNoProfile(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	ticket := b.post("/v1/ws-ticket", g.AccessToken, "").is(200)["ticket"].(string)
	hash := b.profiles["ada"].PasswordHash
	secrets := map[string]string{
		"password": adaPassword, "service key": serviceKey, "admin key": adminKey, "access token": g.AccessToken,
		"refresh token": g.RefreshToken, "ticket": ticket, "hash": hash, "server's secret": "canary-of-the-server",
	}
	var texts strings.Builder
	keep := func(a *answer) {
		for name, values := range a.Header {
			if name != "X-Request-Id" { // an echo of what was asked for
				fmt.Fprintln(&texts, name, values)
			}
		}
		texts.Write(a.text)
	}
	for _, down := range []error{nil, session.ErrUnavailable, fmt.Errorf("commit: %w", session.ErrRejected)} {
		b.fail(down)
		for _, one := range routes {
			if strings.HasPrefix(one.pattern, "/ws/") || one.pattern == "/v1/ws-ticket" {
				continue
			}
			for _, secret := range secrets {
				path := strings.NewReplacer("{employee_id}", "ada", "{session_id}", zeroID, "{terminal_id}", "t").Replace(one.pattern)
				method := strings.Replace(one.method, anyMethod, "GET", 1)
				for _, body := range []string{
					`{"employee_id":"` + secret + `"}`, `{"employee_id":"ada","password":"` + secret + `x"}`,
					`{"password":["` + secret + `"]}`, `{"refresh_token":"` + secret + `x"}`, `{"refresh_token":{"x":"` + secret + `"}}`,
					`{"idempotency_key":"` + secret + `\u0000"}`, secret, `"` + secret,
				} {
					if method == "GET" {
						body = ""
					}
					keep(b.send(request{
						method: method, path: path + "?wait=" + strings.ReplaceAll(secret, " ", "+"), bearer: secret + "x", body: body,
						header: http.Header{"Idempotency-Key": {secret}, "Origin": {b.server.URL}},
					}))
				}
			}
		}
	}
	b.fail(nil)
	b.before = func(session.Command) { panic(adaPassword) }
	keep(b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`))
	texts.WriteString(b.log.String())
	for _, path := range []string{"/metrics", "/readyz", "/debug/pprof/goroutine?debug=2", "/debug/pprof/cmdline"} {
		texts.WriteString(b.ops(path).Body.String())
	}
	for name, secret := range secrets {
		if i := strings.Index(texts.String(), secret); i >= 0 {
			t.Errorf("%s found in: …%s", name, texts.String()[max(0, i-200):min(texts.Len(), i+20)])
		}
	}
	require.Contains(t, b.log.String(), "login refused", "the log was written")
}
