package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestTheFirstNodeMakesAKeyAndTheOthersUseIt(t *testing.T) {
	store, c := &keyStore{}, newClock()
	one, two := newNode(t, EdDSA, store, c), newNode(t, EdDSA, store, c)
	require.Len(t, store.keys, 1)
	_, err := two.Verify(one.issue(t))
	require.NoError(t, err)
}

func TestAKeyForAnotherAlgorithmIsPublishedBeforeItSigns(t *testing.T) {
	store, c := &keyStore{}, newClock()
	newNode(t, EdDSA, store, c)
	n := newNode(t, ES256, store, c)
	require.Contains(t, string(n.keys.JWKS()), `"ES256"`)
	require.Equal(t, EdDSA, headerOf(t, n.issue(t))["alg"])
	c.advance(PublicationLead - time.Millisecond)
	require.Equal(t, EdDSA, headerOf(t, n.issue(t))["alg"])
	c.advance(time.Millisecond)
	require.Equal(t, ES256, headerOf(t, n.issue(t))["alg"])
}

func TestAnUnknownKeyIsAskedForOnceAndThenCertainlyBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := &keyStore{}, newClock()
		n := newNode(t, EdDSA, store, c)
		elsewhere := newNode(t, EdDSA, &keyStore{}, c)
		strange, own := elsewhere.issue(t), n.issue(t)
		_, err := n.Verify(strange)
		require.ErrorIs(t, err, ErrUnknownKey)
		for range 100 {
			_, err = n.Verify(strange)
			require.ErrorIs(t, err, ErrUnknownKey)
		}
		c.advance(skew + time.Millisecond)
		store.read = make(chan struct{}, 100)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- n.keys.Run(ctx) }()
		synctest.Wait()
		require.Len(t, store.read, 1, "a hundred unknown tokens cost one reading")
		_, err = n.Verify(strange)
		require.ErrorIs(t, err, ErrInvalid)
		_, err = n.Verify(own)
		require.NoError(t, err)

		// Now a key that is really new: told apart, read, and good.
		store.keys = append(store.keys, elsewhere.store.keys...)
		fresh := elsewhere.issue(t)
		_, err = n.Verify(fresh)
		require.ErrorIs(t, err, ErrUnknownKey)
		time.Sleep(reloadAtMost + time.Millisecond)
		synctest.Wait()
		_, err = n.Verify(fresh)
		require.NoError(t, err)
		stop()
		require.NoError(t, <-done)
	})
}

func TestWhileTheStoreIsAwayKnownKeysStayInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := &keyStore{}, newClock()
		n := newNode(t, EdDSA, store, c)
		token := n.issue(t)
		store.down = true
		ctx, stop := context.WithTimeout(t.Context(), 5*reloadEvery)
		defer stop()
		require.NoError(t, n.keys.Run(ctx))
		n.forget()
		_, err := n.Verify(token)
		require.NoError(t, err)
		require.NotEmpty(t, n.issue(t))
	})
}

func TestAKeyThatIsGoneFromTheStoreIsForgottenWithItsTokens(t *testing.T) {
	store, c := &keyStore{}, newClock()
	n := newNode(t, EdDSA, store, c)
	token := n.issue(t)
	key, err := NewKey(EdDSA, c.Now(), c.Now())
	require.NoError(t, err)
	c.advance(time.Minute)
	store.keys = []Key{key}
	require.NoError(t, n.keys.Reload(t.Context()))
	_, err = n.Verify(token)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestARetiredKeyVerifiesUntilItsLastTokenHasExpired(t *testing.T) {
	store, c := &keyStore{}, newClock()
	n := newNode(t, EdDSA, store, c)
	token := n.issue(t)
	next, err := NewKey(EdDSA, c.Now(), c.Now())
	require.NoError(t, err)
	store.keys[0].RetiredAt = c.Now()
	store.keys = append(store.keys, next)
	require.NoError(t, n.keys.Reload(t.Context()))
	require.Equal(t, next.KID, headerOf(t, n.issue(t))["kid"])
	_, err = n.Verify(token)
	require.NoError(t, err)
	require.Contains(t, string(n.keys.JWKS()), store.keys[0].KID)
	c.advance(defaultLifetime + leeway + time.Second)
	require.NotContains(t, string(n.keys.JWKS()), store.keys[0].KID)
	n.forget()
	_, err = n.Verify(token)
	require.ErrorIs(t, err, ErrInvalid)
}

// A reader who knows nothing but RFC 7517 can verify our tokens.
func TestThePublishedKeysVerifyTheTokens(t *testing.T) {
	for _, alg := range []string{EdDSA, ES256, RS256} {
		n := newNode(t, alg, &keyStore{}, newClock())
		var set struct{ Keys []map[string]string }
		require.NoError(t, json.Unmarshal(n.keys.JWKS(), &set))
		require.Len(t, set.Keys, 1)
		require.NotContains(t, set.Keys[0], "d")
		token := n.issue(t)
		_, err := jwt.NewParser(jwt.WithoutClaimsValidation()).Parse(token, func(parsed *jwt.Token) (any, error) {
			require.Equal(t, set.Keys[0]["kid"], parsed.Header["kid"])
			return publicKey(t, set.Keys[0]), nil
		})
		require.NoError(t, err, alg)
	}
}

func publicKey(t *testing.T, k map[string]string) any {
	t.Helper()
	field := func(name string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(k[name])
		require.NoError(t, err)
		return b
	}
	switch k["kty"] {
	case "OKP":
		return ed25519.PublicKey(field("x"))
	case "EC":
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, field("x")...), field("y")...))
		require.NoError(t, err)
		return key
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(field("n")), E: int(new(big.Int).SetBytes(field("e")).Int64())}
}

func TestKeysThatCannotBeUsedAreAnError(t *testing.T) {
	good, err := NewKey(EdDSA, 1, 1)
	require.NoError(t, err)
	for name, change := range map[string]func(*Key){
		"encrypted":      func(k *Key) { k.KEKID = "kek-1" },
		"garbage":        func(k *Key) { k.Private = []byte("x") },
		"wrong alg":      func(k *Key) { k.Alg = RS256 },
		"unknown alg":    func(k *Key) { k.Alg = "HS256" },
		"none":           func(k *Key) { k.Alg = "none" },
		"other curve's":  func(k *Key) { k.Alg = ES256 },
		"empty material": func(k *Key) { k.Private = nil },
	} {
		k := good
		change(&k)
		_, err := NewKeys(t.Context(), KeysOptions{Store: &keyStore{keys: []Key{k}}, Clock: newClock()})
		require.Error(t, err, name)
	}
	_, err = NewKeys(t.Context(), KeysOptions{Store: &keyStore{}, Clock: newClock(), Alg: "HS256"})
	require.ErrorContains(t, err, "EdDSA, ES256, RS256")
	_, err = NewKeys(t.Context(), KeysOptions{Store: &keyStore{down: true}, Clock: newClock()})
	require.ErrorIs(t, err, session.ErrUnavailable)
}
