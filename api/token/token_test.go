package token

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestATokenSaysWhatTheSessionIs(t *testing.T) {
	for _, alg := range []string{EdDSA, ES256, RS256} {
		t.Run(alg, func(t *testing.T) {
			n := newNode(t, alg, &keyStore{}, newClock())
			s := n.seat()
			token, issued, err := n.Issue("Ada", s)
			require.NoError(t, err)
			n.forget()
			claims, err := n.Verify(token)
			require.NoError(t, err)
			require.Equal(t, issued, claims)
			require.Equal(t, &Claims{
				Employee: "Ada", Key: "ada", Client: "hotseat", Session: s.ID, Terminal: "till-1", Epoch: 7,
				IssuedAt: n.clock.Now(), ExpiresAt: n.clock.Now().Add(15 * time.Minute),
			}, claims)
			require.Equal(t, map[string]any{"alg": alg, "typ": "at+jwt", "kid": n.store.keys[0].KID}, headerOf(t, token))
			wire := claimsOf(t, token)
			require.Equal(t, "hotseat", wire["aud"])
			for _, name := range []string{"iss", "sub", "aud", "client_id", "exp", "iat", "jti", "sid", "terminal_id", "epoch"} {
				require.Contains(t, wire, name)
			}
		})
	}
}

func TestEveryTokenHasAnIDOfItsOwn(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	require.NotEqual(t, claimsOf(t, n.issue(t))["jti"], claimsOf(t, n.issue(t))["jti"])
}

func TestNoTokenOutlivesWhatTheRowRemembersOrItsSession(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	now := n.clock.Now()
	for name, change := range map[string]func(*session.Session){
		"tokens until": func(s *session.Session) { s.TokensUntil = now.Add(90*time.Second + 700*time.Millisecond) },
		"expires":      func(s *session.Session) { s.ExpiresAt = now.Add(90*time.Second + 700*time.Millisecond) },
		"idles":        func(s *session.Session) { s.IdleAt = now.Add(90*time.Second + 700*time.Millisecond) },
	} {
		s := n.seat()
		change(s)
		_, claims, err := n.Issue("ada", s)
		require.NoError(t, err)
		require.Equal(t, now.Add(90*time.Second), claims.ExpiresAt, name)
	}
}

func TestAnExpiredTokenIsRefusedFromTheCacheTooAndStillSaysWhose(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	token := n.issue(t)
	n.clock.advance(15*time.Minute - time.Millisecond)
	_, err := n.Verify(token)
	require.NoError(t, err)
	n.clock.advance(time.Millisecond)
	for range 2 {
		claims, err := n.Verify(token)
		require.ErrorIs(t, err, ErrExpired)
		require.Equal(t, session.Key("ada"), claims.Key)
		n.forget()
	}
}

// forge signs any header and claims with a key of the ring, as nobody else can.
func (n *node) forge(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	pair := n.keys.current(n.clock.Now())
	text := encode(t, header) + "." + encode(t, claims)
	signature, err := pair.method.Sign(text, pair.signer)
	require.NoError(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// The table follows RFC 8725: each row is a token that somebody might wish were taken.
func TestTokensThatMustNotBeTaken(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	good := n.issue(t)
	header, claims := headerOf(t, good), claimsOf(t, good)
	seconds := float64(n.clock.Now() / 1000)
	public := n.keys.current(n.clock.Now()).signer.Public().(ed25519.PublicKey)
	_, strange, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h, c, s := cut(t, good)

	resigned := func(changeHeader, changeClaims map[string]any) string {
		return n.forge(t, with(header, changeHeader), with(claims, changeClaims))
	}
	signedBy := func(h map[string]any, sign func(text string) []byte) string {
		text := encode(t, h) + "." + encode(t, claims)
		return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
	}
	keyed := func(key []byte) func(string) []byte {
		return func(text string) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(text))
			return mac.Sum(nil)
		}
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	none := func(string) []byte { return nil }
	stranger := func(text string) []byte { return ed25519.Sign(strange, []byte(text)) }
	strangeKey := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(strange.Public().(ed25519.PublicKey))}

	for name, token := range map[string]string{
		"empty":                        "",
		"no dots":                      "hello",
		"two parts":                    h + "." + c,
		"four parts":                   good + ".x",
		"five parts, as encrypted":     "a.b.c.d.e",
		"no signature":                 h + "." + c + ".",
		"cut signature":                h + "." + c + "." + s[:40],
		"other claims":                 h + "." + encode(t, with(claims, map[string]any{"sub": "grace"})) + "." + s,
		"other last bits":              good[:len(good)-1] + string(good[len(good)-1]+1),
		"padded":                       good + "=",
		"with a space":                 good + " ",
		"not base64":                   h + ".%%%." + s,
		"oversized":                    h + "." + strings.Repeat("A", maxLength) + "." + s,
		"alg none":                     signedBy(with(header, map[string]any{"alg": "none"}), none),
		"alg None":                     signedBy(with(header, map[string]any{"alg": "None"}), none),
		"no alg":                       signedBy(with(header, map[string]any{"alg": nil}), none),
		"HS256 with the public key":    signedBy(with(header, map[string]any{"alg": "HS256"}), keyed(public)),
		"HS256 with the encoded key":   signedBy(with(header, map[string]any{"alg": "HS256"}), keyed(spki)),
		"RS256 over an Ed25519 key":    signedBy(with(header, map[string]any{"alg": "RS256"}), stranger),
		"ES256 over an Ed25519 key":    signedBy(with(header, map[string]any{"alg": "ES256"}), stranger),
		"a stranger's key":             signedBy(header, stranger),
		"a stranger's key in jwk":      signedBy(with(header, map[string]any{"jwk": strangeKey}), stranger),
		"a stranger's key at jku":      signedBy(with(header, map[string]any{"jku": "https://evil.test/jwks"}), stranger),
		"a stranger's key at x5u":      signedBy(with(header, map[string]any{"x5u": "https://evil.test/x5"}), stranger),
		"a stranger's certificate":     signedBy(with(header, map[string]any{"x5c": []string{"MIIB"}}), stranger),
		"no kid":                       resigned(map[string]any{"kid": nil}, nil),
		"empty kid":                    resigned(map[string]any{"kid": ""}, nil),
		"kid of another type":          resigned(map[string]any{"kid": 7}, nil),
		"an extension to understand":   resigned(map[string]any{"crit": []string{"b64"}, "b64": false}, nil),
		"typ JWT":                      resigned(map[string]any{"typ": "JWT"}, nil),
		"typ of a logout token":        resigned(map[string]any{"typ": "logout+jwt"}, nil),
		"no typ":                       resigned(map[string]any{"typ": nil}, nil),
		"another issuer":               resigned(nil, map[string]any{"iss": "https://evil.test"}),
		"an issuer with more behind":   resigned(nil, map[string]any{"iss": issuer + ".evil.test"}),
		"no issuer":                    resigned(nil, map[string]any{"iss": nil}),
		"another audience":             resigned(nil, map[string]any{"aud": "billing"}),
		"a list of other audiences":    resigned(nil, map[string]any{"aud": []string{"billing", "Hotseat"}}),
		"no audience":                  resigned(nil, map[string]any{"aud": nil}),
		"no exp":                       resigned(nil, map[string]any{"exp": nil}),
		"exp as text":                  resigned(nil, map[string]any{"exp": "99999999999"}),
		"exp beyond all times":         resigned(nil, map[string]any{"exp": 9e18}),
		"negative exp":                 resigned(nil, map[string]any{"exp": -1}),
		"no iat":                       resigned(nil, map[string]any{"iat": nil}),
		"issued in the future":         resigned(nil, map[string]any{"iat": seconds + 31}),
		"no jti":                       resigned(nil, map[string]any{"jti": nil}),
		"no client_id":                 resigned(nil, map[string]any{"client_id": nil}),
		"no sub":                       resigned(nil, map[string]any{"sub": nil}),
		"sub with a control character": resigned(nil, map[string]any{"sub": "ada\n"}),
		"no sid":                       resigned(nil, map[string]any{"sid": nil}),
		"sid that is no UUID":          resigned(nil, map[string]any{"sid": "1"}),
		"no terminal_id":               resigned(nil, map[string]any{"terminal_id": nil}),
		"no epoch":                     resigned(nil, map[string]any{"epoch": nil}),
		"negative epoch":               resigned(nil, map[string]any{"epoch": -1}),
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := n.Verify(token)
			require.ErrorIs(t, err, ErrInvalid)
			require.Nil(t, claims)
			for _, part := range strings.Split(token, ".") {
				if len(part) > 8 {
					require.NotContains(t, err.Error(), part[:8], "the error repeats the token")
				}
			}
		})
	}
	// And that forging by itself makes a good token shows that the rows fail for their own reasons.
	for name, token := range map[string]string{
		"unchanged":                 resigned(nil, nil),
		"typ with its tree":         resigned(map[string]any{"typ": "application/AT+JWT"}, nil),
		"ours among audiences":      resigned(nil, map[string]any{"aud": []string{"billing", "hotseat"}}),
		"a clock a little ahead":    resigned(nil, map[string]any{"iat": seconds + 30}),
		"a jku that nobody follows": resigned(map[string]any{"jku": "https://evil.test/jwks"}, nil),
	} {
		_, err := n.Verify(token)
		require.NoError(t, err, name)
	}
}

func TestTheCacheIsBoundedAndKeepsWhatIsInUse(t *testing.T) {
	c := newCache(64)
	used := digest{0, 1}
	c.put(used, &Claims{Employee: "used"}, 0)
	for i := range 10_000 {
		c.put(digest{byte(i), byte(i >> 8), 2}, &Claims{}, 0)
		require.NotNil(t, c.get(used), "forgotten after %d others", i)
	}
	total := 0
	for i := range c.shards {
		total += len(c.shards[i].young.places) + len(c.shards[i].old.places)
	}
	require.LessOrEqual(t, total, 64)
}

// A cached verdict must never serve a token that differs in one bit.
func TestTheCacheIsForTheWholeToken(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	token := n.issue(t)
	_, err := n.Verify(token)
	require.NoError(t, err)
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		_, err := n.Verify(string(changed))
		require.Error(t, err, "byte %d", i)
	}
}

func BenchmarkVerify(b *testing.B) {
	n := newNode(b, EdDSA, &keyStore{}, newClock())
	token := n.issue(b)
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := n.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, err := n.verify(token, n.clock.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The claims, their texts, and the key when the employee's spelling is another.
func TestACachedTokenCostsThreeAllocationsAtMost(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	token := n.issue(t)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := n.Verify(token); err != nil {
			t.Error(err)
		}
	}), 3.0)
}

func headerOf(t testing.TB, token string) map[string]any {
	h, _, _ := cut(t, token)
	return decode(t, h)
}

func claimsOf(t testing.TB, token string) map[string]any {
	_, c, _ := cut(t, token)
	return decode(t, c)
}

func decode(t testing.TB, part string) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(b, &object))
	return object
}

func encode(t testing.TB, object map[string]any) string {
	t.Helper()
	b, err := json.Marshal(object)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(b)
}

// with is a copy with changes; nil removes.
func with(object, changes map[string]any) map[string]any {
	changed := maps.Clone(object)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == nil })
	return changed
}

var _ jwt.Claims = (*unverified)(nil)
