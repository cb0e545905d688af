package api

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// basic is how a client shows a key by HTTP Basic.
func basic(name, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(name)+":"+url.QueryEscape(secret)))
}

// form posts a form as the client with this Authorization.
func (b *bench) form(path, authorization string, form string) *answer {
	b.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	return b.send(request{method: "POST", path: path, header: header, body: form})
}

// refused checks for an error of RFC 6749.
func (a *answer) refused(status int, code string) {
	a.Helper()
	object := a.is(status)
	require.Equal(a, code, object["error"])
	require.NotEmpty(a, object["error_description"])
	require.Equal(a, "application/json", a.Header.Get("Content-Type"))
	require.Equal(a, "no-store", a.Header.Get("Cache-Control"))
	require.Equal(a, status == 401, a.Header.Get("WWW-Authenticate") == `Basic realm="hotseat"`)
	require.Equal(a, status == 503, a.Header.Get("Retry-After") != "")
}

const dead = `{"active":false}`

func TestIntrospectionTellsWhatATokenIsGoodForByTheStore(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	show := func(token string) *answer {
		return b.form("/oauth2/introspect", basic("shop", serviceKey), "token="+url.QueryEscape(token)+"&token_type_hint=nonsense&more=ignored")
	}
	object := show(g.AccessToken).is(200)
	require.NotEmpty(t, object["jti"])
	require.Equal(t, map[string]any{
		"active": true, "scope": "session", "client_id": "hotseat", "username": "ada", "token_type": "Bearer",
		"exp": float64(b.Now().Add(15*time.Minute) / 1000), "iat": float64(b.Now() / 1000), "sub": "ada", "aud": "hotseat",
		"iss": testIssuer, "jti": object["jti"], "sid": g.Session.SessionID.String(), "terminal_id": "till-1", "epoch": 1.0,
	}, object)
	ticket := b.post("/v1/ws-ticket", g.AccessToken, "").is(200)["ticket"].(string)
	for what, token := range map[string]string{"refresh token": g.RefreshToken, "ticket": ticket, "key": serviceKey, "garbage": "x.y.z"} {
		require.Equal(t, dead, string(show(token).text), what)
	}
	b.login("till-2")
	require.Equal(t, dead, string(show(g.AccessToken).text), "an ended session's")
	last := b.login("till-3")
	b.advance(15 * time.Minute)
	require.Equal(t, dead, string(show(last.AccessToken).text), "an expired one")
	last = b.login("till-3")
	b.fail(session.ErrUnavailable)
	show(last.AccessToken).refused(503, "temporarily_unavailable")
}

func TestRevokingEitherTokenEndsTheWholeSessionAndSaysSoInTheLog(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	for name, pick := range map[string]func(grantView) string{
		"access token":         func(g grantView) string { return g.AccessToken },
		"refresh token":        func(g grantView) string { return g.RefreshToken },
		"expired access token": func(g grantView) string { b.advance(16 * time.Minute); return g.AccessToken },
	} {
		t.Run(name, func(t *testing.T) {
			g := b.login("t")
			begin := len(b.history())
			form := "token=" + url.QueryEscape(pick(g))
			for range 2 { // and again: revoked already
				a := b.form("/oauth2/revoke", "Bearer "+serviceKey, form)
				require.Equal(t, 200, a.StatusCode)
				require.Empty(t, a.text)
			}
			events := b.history()[begin:]
			require.Len(t, events, 1)
			require.Equal(t, session.Ended, events[0].Type)
			require.Equal(t, "shop", events[0].Actor, "the key's name")
			b.get("/v1/session", g.AccessToken).problem(401, "session_terminated")
			b.post("/v1/token/refresh", "", `{"refresh_token":"`+g.RefreshToken+`"}`).problem(401, "session_terminated")
		})
	}
	for _, unknown := range []string{"x", "x.y.z", "hsr1_x", serviceKey} {
		require.Equal(t, 200, b.form("/oauth2/revoke", "Bearer "+serviceKey, "token="+unknown).StatusCode)
	}
	g := b.login("t")
	ticket := b.post("/v1/ws-ticket", g.AccessToken, "").is(200)["ticket"].(string)
	b.form("/oauth2/revoke", "Bearer "+serviceKey, "token="+ticket).refused(400, "unsupported_token_type")
	b.fail(session.ErrUnavailable)
	b.form("/oauth2/revoke", "Bearer "+serviceKey, "token="+g.AccessToken).refused(503, "temporarily_unavailable")
}

// history are all events so far.
func (b *bench) history() []session.Event {
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	return append([]session.Event(nil), b.world.log...)
}

func TestTheOAuthRoutesAnswerInTheWordsOfTheirStandard(t *testing.T) {
	b := start(t, func(o *Options) {
		o.ServiceKeys = append(o.ServiceKeys, NamedKey{Name: "odd", Secret: "a+secret%of&odd/letters"})
	})
	b.hire("ada")
	token := b.login("t").AccessToken
	for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
		for _, bad := range []string{
			"", "Bearer x", "Bearer " + token, basic("shop", "x"), basic("ops", serviceKey), basic("", serviceKey),
			"Basic x", "Basic " + base64.StdEncoding.EncodeToString([]byte("shop:%zz")), serviceKey,
		} {
			b.form(path, bad, "token=x").refused(401, "invalid_client")
		}
		b.send(request{
			method: "POST", path: path, body: "token=x",
			header: http.Header{"Authorization": {basic("shop", serviceKey), "x"}, "Content-Type": {"application/x-www-form-urlencoded"}},
		}).refused(401, "invalid_client")
		for _, good := range []string{basic("shop", serviceKey), basic("ops", adminKey), basic("odd", "a+secret%of&odd/letters"), "Bearer " + adminKey} {
			require.Equal(t, 200, b.form(path, good, "token=x").StatusCode, good)
		}
		for _, bad := range []string{"", "token=", "token=x&token=y", "token=%zz", "other=x", "token_type_hint=a&token_type_hint=b&token=x"} {
			b.form(path, basic("shop", serviceKey), bad).refused(400, "invalid_request")
		}
		b.form(path, basic("shop", serviceKey), "token="+strings.Repeat("x", maxBody)).refused(413, "invalid_request")
		b.post(path, serviceKey, `{"token":"x"}`).refused(415, "invalid_request")
		a := b.get(path+"?token="+token, serviceKey)
		require.Equal(t, 405, a.StatusCode, "no token in a URL")
	}
	b.get("/v1/session", token).is(200)
}

func TestTheServerSaysWhereItsOAuthRoutesAre(t *testing.T) {
	b := start(t, func(o *Options) { o.PublicURL = "https://hotseat.example/" })
	meta := b.get("/.well-known/oauth-authorization-server", "").is(200)
	require.Equal(t, testIssuer, meta["issuer"])
	require.Equal(t, []any{"EdDSA"}, meta["hotseat_access_token_signing_alg_values_supported"])
	for field, path := range meta {
		url, ok := path.(string)
		if !ok || field == "issuer" {
			continue
		}
		require.True(t, strings.HasPrefix(url, "https://hotseat.example/"), url)
		a := b.get(strings.TrimPrefix(url, "https://hotseat.example"), "")
		require.NotEqual(t, 404, a.StatusCode, fmt.Sprint(field, " names a route"))
	}
}
