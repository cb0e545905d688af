package verify

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
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

func TestHandlerAnswersAsTheHubDoes(t *testing.T) {
	h := newHub(t)
	v := h.start(Options{}, says(revocation("01a20b52-46b5-76fa-ab64-5c4faa5b3b38", time.Now().Add(time.Hour))+asOf(time.Now(), "c1")))
	h.ready(v)
	handler := v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := FromContext(r.Context())
		require.True(t, ok)
		_, _ = w.Write([]byte(c.Employee))
	}))
	over := h.token(func(c jwt.MapClaims) { c["sid"] = "01a20b52-46b5-76fa-ab64-5c4faa5b3b38" })
	for _, one := range []struct {
		header []string
		status int
		says   string
	}{
		{[]string{"Bearer " + h.token(nil)}, 200, "ada"},
		{[]string{"bearer " + h.token(nil)}, 200, "ada"},
		{[]string{"Bearer " + over}, 401, `"code":"session_terminated"`},
		{nil, 401, `"code":"invalid_token"`},
		{[]string{"Basic YTpi"}, 401, `"code":"invalid_token"`},
		{[]string{"Bearer " + h.token(nil), "Bearer " + h.token(nil)}, 401, `"code":"invalid_token"`},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = one.header
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, one.status, w.Code, "%v", one.header)
		require.Contains(t, w.Body.String(), one.says)
		require.Equal(t, one.status == 401, w.Header().Get("WWW-Authenticate") != "")
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
