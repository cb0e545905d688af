package token

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hotseat-hub/hotseat/session"
)

const (
	defaultLifetime = 15 * time.Minute
	// maxLength of an access token; ours have some 500 bytes.
	maxLength = 4096
	// usualSignature is the length of an Ed25519 or P-256 signature in a token.
	usualSignature = 86
	// maxAhead is how far in the future a token may have been issued.
	maxAhead = 30 * time.Second
)

// Options of Tokens; the zero value of a field is its default.
type Options struct {
	Keys     *Keys
	Clock    Clock
	Issuer   string // iss
	Audience string // aud; hotseat by default
	// Lifetime of an access token; 15 minutes by default. Long ones make every node remember
	// ended sessions longer, short ones make clients refresh more often.
	Lifetime time.Duration
	// Secret of refresh tokens and tickets, at least 32 bytes, the same on every node.
	Secret []byte
	// CacheSize bounds the verified tokens that are remembered, some 170 bytes each; 65,536 by
	// default. When it is too small, every request costs a signature's verification.
	CacheSize int
}

// Tokens issues and verifies. Any goroutine may call its methods.
type Tokens struct {
	o      Options
	cache  *cache
	parser *jwt.Parser
	macs   macs
}

// New returns Tokens over o.Keys.
func New(o Options) (*Tokens, error) {
	if o.Audience == "" {
		o.Audience = "hotseat"
	}
	if o.Lifetime <= 0 {
		o.Lifetime = defaultLifetime
	}
	if o.CacheSize <= 0 {
		o.CacheSize = 1 << 16
	}
	if o.Issuer == "" {
		return nil, errors.New("token: an issuer must be given")
	}
	if len(o.Secret) < 32 {
		return nil, fmt.Errorf("token: the secret has %d bytes, want at least 32", len(o.Secret))
	}
	t := &Tokens{o: o, cache: newCache(o.CacheSize), macs: newMACs(o.Secret)}
	t.parser = jwt.NewParser(jwt.WithValidMethods([]string{EdDSA, ES256, RS256}),
		jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	o.Keys.onWithdrawn = t.cache.clear
	return t, nil
}

// Lifetime of an access token.
func (t *Tokens) Lifetime() time.Duration { return t.o.Lifetime }

// Issuer is the iss of access tokens.
func (t *Tokens) Issuer() string { return t.o.Issuer }

// Audience is the aud of access tokens.
func (t *Tokens) Audience() string { return t.o.Audience }

// Issue makes an access token for a session as the store has it. It never outlives what the row
// says of the session's tokens: an ending must be remembered for as long as a token could show up.
func (t *Tokens) Issue(employee session.EmployeeID, s *session.Session) (string, *Claims, error) {
	clears := t.cache.clears.Load()
	now := t.o.Clock.Now()
	exp := min(now.Add(t.o.Lifetime), s.TokensUntil, s.Deadline())
	claims := &Claims{
		Employee: employee, Key: employee.Key(), Client: s.Client, Session: s.ID, Terminal: s.Terminal,
		Epoch: s.Epoch, IssuedAt: now / 1000 * 1000, ExpiresAt: exp / 1000 * 1000,
	}
	pair := t.o.Keys.current(now)
	if pair == nil {
		return "", nil, errors.New("no signing key: all are retired or not yet in use")
	}
	signed, err := t.sign(pair, claims)
	if err != nil {
		return "", nil, fmt.Errorf("sign token with key %s: %w", pair.KID, err)
	}
	t.cache.put(digestOf(signed), claims, clears)
	return signed, claims, nil
}

func (t *Tokens) sign(pair *keyPair, c *Claims) (string, error) {
	var jti [16]byte
	_, _ = rand.Read(jti[:]) // never fails: crypto/rand ends the program instead
	iat, exp, epoch := int64(c.IssuedAt/1000), int64(c.ExpiresAt/1000), uint64(c.Epoch)
	body, err := json.Marshal(&wire{
		Issuer: t.o.Issuer, Subject: string(c.Employee), Audience: audience{t.o.Audience}, Client: c.Client,
		ExpiresAt: &exp, IssuedAt: &iat, ID: base64.RawURLEncoding.EncodeToString(jti[:]),
		Session: c.Session.String(), Terminal: string(c.Terminal), Epoch: &epoch,
	})
	if err != nil {
		return "", err
	}
	encoding := base64.RawURLEncoding
	text := make([]byte, 0, len(pair.header)+encoding.EncodedLen(len(body))+1+usualSignature)
	text = encoding.AppendEncode(append(text, pair.header...), body)
	signature, err := pair.method.Sign(string(text), pair.signer)
	if err != nil {
		return "", err
	}
	return string(encoding.AppendEncode(append(text, '.'), signature)), nil
}

// Verify checks an access token without I/O. With ErrExpired the claims are given too, since the
// token was rightly signed; with ErrInvalid and ErrUnknownKey they are nil. Error texts do not
// repeat anything of the token.
func (t *Tokens) Verify(token string) (*Claims, error) {
	now := t.o.Clock.Now()
	if len(token) > maxLength {
		return nil, fmt.Errorf("longer than %d bytes: %w", maxLength, ErrInvalid)
	}
	d := digestOf(token)
	clears := t.cache.clears.Load()
	claims := t.cache.get(d)
	if claims == nil {
		var err error
		if claims, err = t.verify(token, now); err != nil {
			return nil, err
		}
		t.cache.put(d, claims, clears)
	}
	if now >= claims.ExpiresAt {
		return claims, ErrExpired
	}
	return claims, nil
}

func (t *Tokens) verify(token string, now session.Time) (*Claims, error) {
	var w unverified
	var cause error
	_, err := t.parser.ParseWithClaims(token, &w, func(parsed *jwt.Token) (any, error) {
		var pair *keyPair
		if pair, cause = t.keyOf(parsed, &w.wire, now); cause != nil {
			return nil, cause
		}
		return pair.signer.Public(), nil
	})
	if cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("malformed or wrongly signed: %w", ErrInvalid) // the library's text repeats the token's
	}
	claims, err := w.claims(t.o.Issuer, t.o.Audience)
	if err != nil {
		return nil, err
	}
	if claims.IssuedAt > now.Add(maxAhead) {
		return nil, fmt.Errorf("issued in the future: %w", ErrInvalid)
	}
	return claims, nil
}

// keyOf picks the key by kid from our own ring, and nothing else: jwk, jku, x5u and their like are
// not looked at, and an extension that must be understood is not.
func (t *Tokens) keyOf(parsed *jwt.Token, w *wire, now session.Time) (*keyPair, error) {
	typ, _ := parsed.Header["typ"].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	kid, _ := parsed.Header["kid"].(string)
	if _, crit := parsed.Header["crit"]; crit || typ != "at+jwt" || kid == "" {
		return nil, fmt.Errorf("typ must be at+jwt, kid be there and crit not: %w", ErrInvalid)
	}
	if w.IssuedAt == nil || *w.IssuedAt < 0 || *w.IssuedAt > maxSeconds {
		return nil, fmt.Errorf("iat is missing or out of range: %w", ErrInvalid)
	}
	if session.Time(*w.IssuedAt*1000) > now.Add(maxAhead) {
		return nil, fmt.Errorf("issued in the future: %w", ErrInvalid)
	}
	pair, err := t.o.Keys.find(kid, session.Time(*w.IssuedAt*1000), now)
	if err != nil {
		return nil, err
	}
	if parsed.Method.Alg() != pair.Alg {
		return nil, fmt.Errorf("alg is not the key's: %w", ErrInvalid)
	}
	return pair, nil
}
