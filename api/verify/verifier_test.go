package verify

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestATokenThatPassesSaysWhoAndHowFreshThatIs(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(asOf(time.Now().Add(-time.Second), "c1")))
	_, err := v.Verify(h.token(nil))
	if err != nil {
		require.ErrorIs(t, err, ErrStale, "before the hub was heard")
	}
	h.ready(v)
	c, err := v.Verify(h.token(nil))
	require.NoError(t, err)
	require.Equal(t, []any{"ada", sid, "till-1", "web", uint64(3)}, []any{c.Employee, c.Session, c.Terminal, c.Client, c.Epoch})
	require.GreaterOrEqual(t, c.Staleness, time.Second)
}

func TestTokensThatMustNotPass(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(asOf(time.Now(), "c1")))
	h.ready(v)
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	good := map[string]any{"kid": "k1", "typ": "at+jwt"}
	public := h.secret.Public().(ed25519.PublicKey)
	for name, token := range map[string]string{
		"nothing":              "",
		"no token":             "abc",
		"another issuer":       h.token(func(c jwt.MapClaims) { c["iss"] = "https://evil.example" }),
		"another audience":     h.token(func(c jwt.MapClaims) { c["aud"] = "another" }),
		"no expiry":            h.token(func(c jwt.MapClaims) { delete(c, "exp") }),
		"no session":           h.token(func(c jwt.MapClaims) { delete(c, "sid") }),
		"nobody":               h.token(func(c jwt.MapClaims) { c["sub"] = "" }),
		"another type":         h.sign(jwt.SigningMethodEdDSA, map[string]any{"kid": "k1", "typ": "JWT"}, h.claims(nil), h.secret),
		"a stranger's key":     h.sign(jwt.SigningMethodEdDSA, good, h.claims(nil), stranger),
		"alg none":             h.sign(jwt.SigningMethodNone, good, h.claims(nil), jwt.UnsafeAllowNoneSignatureType),
		"public key as secret": h.sign(jwt.SigningMethodHS256, good, h.claims(nil), []byte(public)),
		"another algorithm":    h.sign(jwt.SigningMethodRS256, good, h.claims(nil), weak),
		"a secret in the list": h.sign(jwt.SigningMethodHS256, map[string]any{"kid": "not-ours", "typ": "at+jwt"}, h.claims(nil), []byte("secret")),
	} {
		_, err := v.Verify(token)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err = v.Verify(h.token(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }))
	require.ErrorIs(t, err, ErrExpired)
}

func TestATokenExpiresByTheHubsClockWhereItIsAhead(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(asOf(time.Now().Add(time.Hour), "c1")))
	h.ready(v)
	_, err := v.Verify(h.token(nil))
	require.ErrorIs(t, err, ErrExpired, "its session's end may be forgotten already")
}

func TestAnUnknownKeyIsAskedForBeforeItIsRefused(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(asOf(time.Now(), "c1")))
	h.ready(v)
	public, secret, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h.mu.Lock()
	h.keys = jwks("k2", public)
	h.mu.Unlock()
	newKey := func(change func(jwt.MapClaims)) string {
		return h.sign(jwt.SigningMethodEdDSA, map[string]any{"kid": "k2", "typ": "at+jwt"}, h.claims(change), secret)
	}
	_, err = v.Verify(newKey(func(c jwt.MapClaims) { c["iat"] = time.Now().Add(-time.Minute).Unix() }))
	require.ErrorIs(t, err, ErrInvalid, "its key would have been among those fetched since")
	_, err = v.Verify(newKey(func(c jwt.MapClaims) { delete(c, "iat") }))
	require.ErrorIs(t, err, ErrInvalid)
	young := newKey(nil)
	_, err = v.Verify(young)
	require.ErrorIs(t, err, ErrStale, "a key may have been made since they were fetched, a moment ago")
	require.Eventually(t, func() bool {
		_, err = v.Verify(young)
		return !errors.Is(err, ErrStale)
	}, patience, time.Millisecond)
	require.NoError(t, err)
	_, err = v.Verify(h.token(func(c jwt.MapClaims) { c["iat"] = time.Now().Add(-time.Minute).Unix() }))
	require.ErrorIs(t, err, ErrInvalid, "the hub has withdrawn that key just now")
}

// After a compromise a new key signs at once, and a node that has not read it yet may answer for the hub.
func TestAKeyThatTheAnsweringNodeDoesNotKnowYetIsNotRefused(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(asOf(time.Now(), "c1")))
	h.ready(v)
	public, secret, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	token := h.sign(jwt.SigningMethodEdDSA, map[string]any{"kid": "k2", "typ": "at+jwt"}, h.claims(func(c jwt.MapClaims) {
		c["iat"] = time.Now().Add(-15 * time.Second).Unix()
	}), secret)
	asked := func() int { h.mu.Lock(); defer h.mu.Unlock(); return h.asked }
	before := asked()
	require.Eventually(t, func() bool {
		_, err := v.Verify(token)
		require.ErrorIs(t, err, ErrStale)
		return asked() >= before+2
	}, patience, time.Millisecond, "it asks, and is answered as before")
	h.mu.Lock()
	h.keys = jwks("k2", public)
	h.mu.Unlock()
	require.Eventually(t, func() bool {
		_, err = v.Verify(token)
		return !errors.Is(err, ErrStale)
	}, patience, time.Millisecond)
	require.NoError(t, err)
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Equal(t, h.asked, h.fresh, "no cache may answer")
}

// Caches that heed no request's no-cache are usual. One that cannot be got past at least says how old its
// answer is: a token of a key that is younger than that is not called bad.
func TestKeysFromACacheAreAsOldAsItSays(t *testing.T) {
	for name, between := range map[string]*cache{"that ignores no-cache": {}, "that ignores the query as well": {byPath: true}} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			between.kept = map[string]string{}
			v := h.start(Options{Client: &http.Client{Transport: between}}, says(asOf(time.Now(), "c1")))
			h.ready(v)
			public, secret, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			h.mu.Lock()
			h.keys = jwks("k2", public)
			h.mu.Unlock()
			token := func(issued time.Duration) string {
				return h.sign(jwt.SigningMethodEdDSA, map[string]any{"kid": "k2", "typ": "at+jwt"}, h.claims(func(c jwt.MapClaims) {
					c["iat"] = time.Now().Add(-issued).Unix()
				}), secret)
			}
			_, err = v.Verify(token(0))
			require.ErrorIs(t, err, ErrStale)
			if !between.byPath {
				require.Eventually(t, func() bool { _, err := v.Verify(token(0)); return err == nil }, patience, time.Millisecond)
				_, err = v.Verify(h.token(func(c jwt.MapClaims) { c["iat"] = time.Now().Add(-time.Minute).Unix() }))
				require.ErrorIs(t, err, ErrInvalid, "the hub has withdrawn that key")
				return
			}
			minute := token(time.Minute)
			require.Eventually(t, func() bool { _, err := v.Verify(minute); return errors.Is(err, ErrStale) }, patience, time.Millisecond,
				"the list is from before that token, and says so")
		})
	}
}

func TestUnknownKeysAreAskedForOnceASecond(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(asOf(time.Now(), "c1")))
	h.ready(v)
	stranger := h.sign(jwt.SigningMethodEdDSA, map[string]any{"kid": "k2", "typ": "at+jwt"}, h.claims(func(c jwt.MapClaims) {
		c["iat"] = time.Now().Add(time.Hour).Unix()
	}), h.secret)
	began := time.Now()
	asked := func() int { h.mu.Lock(); defer h.mu.Unlock(); return h.asked }
	require.Eventually(t, func() bool {
		_, err := v.Verify(stranger)
		require.ErrorIs(t, err, ErrStale)
		return asked() >= 4
	}, patience, time.Millisecond)
	require.GreaterOrEqual(t, time.Since(began), 2*keysFresh, "the first of the four was before")
}

func TestHandlerAnswersInTheHubsWords(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(revocation("01a20b52-46b5-76fa-ab64-5c4faa5b3b38", time.Now().Add(time.Hour))+asOf(time.Now(), "c1")))
	h.ready(v)
	stale, err := New(Options{URL: h.URL, Key: "service-key"})
	require.NoError(t, err)
	good := "Bearer " + h.token(nil)
	over := "Bearer " + h.token(func(c jwt.MapClaims) { c["sid"] = "01a20b52-46b5-76fa-ab64-5c4faa5b3b38" })
	expired := "Bearer " + h.token(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() })
	const challenge = `Bearer error="invalid_token", error_description=`
	for _, one := range []struct {
		by        *Verifier
		header    []string
		status    int
		code      string
		challenge string
	}{
		{v, []string{good}, 200, "", ""},
		{v, []string{"b" + good[1:]}, 200, "", ""},
		{v, []string{over}, 401, "session_terminated", challenge + `"session_terminated"`},
		{v, []string{expired}, 401, "token_expired", challenge + `"token_expired"`},
		{v, []string{good + "A"}, 401, "invalid_token", challenge + `"invalid_token"`},
		{v, []string{good, good}, 401, "invalid_token", challenge + `"invalid_token"`},
		{v, nil, 401, "invalid_token", "Bearer"},
		{v, []string{"Basic YTpi"}, 401, "invalid_token", "Bearer"},
		{v, []string{"Bearer "}, 401, "invalid_token", "Bearer"},
		{stale, []string{good}, 503, "stale_view", ""},
	} {
		handler := one.by.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, ok := FromContext(r.Context())
			require.True(t, ok)
			require.Equal(t, "ada", c.Employee)
		}))
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = one.header
		r.Header.Set("X-Request-Id", "till.1-7")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, one.status, w.Code, "%v: %s", one.header, w.Body)
		require.Equal(t, one.challenge, w.Header().Get("WWW-Authenticate"), "%v", one.header)
		if one.status == 200 {
			continue
		}
		var p problem
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		require.Equal(t, []any{"urn:hotseat:problem:" + one.code, one.status, one.code, "till.1-7"}, []any{p.Type, p.Status, p.Code, p.RequestID})
		require.Equal(t, one.code == "session_terminated", p.Reason == "new_login")
	}
}

func TestARequestIDThatIsNoneIsReplaced(t *testing.T) {
	for _, sent := range []string{"", "a b", strings.Repeat("a", 65), "a\"}"} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("X-Request-Id", sent)
		refuse(w, r, errNone)
		require.Regexp(t, `^[A-Z0-9]{26}$`, w.Header().Get("X-Request-Id"), "%q", sent)
	}
}

func BenchmarkVerify(b *testing.B) {
	t := &testing.T{}
	h := newHub(t)
	defer h.Close()
	v, err := New(Options{URL: h.URL, Key: "service-key"})
	require.NoError(b, err)
	require.NoError(b, v.fetchKeys(b.Context()))
	v.view.complete(time.Now(), time.Now())
	v.o.MaxStaleness = time.Hour
	token := h.token(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(time.Hour).Unix() })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(token); err != nil {
			b.Fatal(err)
		}
	}
}
