package token

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func (n *node) reload(t testing.TB) {
	t.Helper()
	require.NoError(t, n.keys.Reload(t.Context()))
}

// Two nodes, one of which rotates; both read the store now and then, and issue and check all the
// time. No token of a living session is ever refused by either.
func TestARotationUnderLoadEndsNoSession(t *testing.T) {
	for _, alg := range []string{EdDSA, ES256} {
		t.Run(alg, func(t *testing.T) {
			store, c := &keyStore{}, newClock()
			nodes := []*node{newNode(t, alg, store, c), newNode(t, alg, store, c)}
			type issued struct {
				token string
				until session.Time
			}
			var live []issued
			kids := map[string]bool{}
			for minute := range 90 {
				if minute%30 == 0 {
					_, err := nodes[0].keys.Rotate(t.Context(), false)
					require.NoError(t, err)
				}
				if minute%5 == 4 { // the other node reads far more rarely than it really does
					nodes[1].reload(t)
				}
				var load sync.WaitGroup
				var mu sync.Mutex
				for i, n := range nodes {
					load.Go(func() {
						token := n.issue(t)
						mu.Lock()
						defer mu.Unlock()
						live = append(live, issued{token, c.Now().Add(defaultLifetime)})
						kids[headerOf(t, token)["kid"].(string)] = true
						other := nodes[1-i]
						other.forget()
						if _, err := other.Verify(token); err != nil {
							t.Errorf("minute %d: a token of node %d is refused by the other: %v", minute, i, err)
						}
					})
				}
				load.Wait()
				for _, one := range live {
					if c.Now() >= one.until {
						continue
					}
					for i, n := range nodes {
						if _, err := n.Verify(one.token); err != nil {
							t.Fatalf("minute %d: a good token is refused by node %d: %v", minute, i, err)
						}
					}
				}
				c.advance(time.Minute)
			}
			require.Len(t, kids, 4, "every rotation came into use")
			nodes[0].reload(t)
			require.Equal(t, 1, countOf(string(nodes[0].keys.JWKS()), `"kid"`), "what no token can need is not published")
		})
	}
}

func countOf(text, part string) (n int) {
	for i := 0; i+len(part) <= len(text); i++ {
		if text[i:i+len(part)] == part {
			n++
		}
	}
	return n
}

func TestANewKeyIsPublishedTenMinutesBeforeItSigns(t *testing.T) {
	store, c := &keyStore{}, newClock()
	n := newNode(t, EdDSA, store, c)
	old := headerOf(t, n.issue(t))["kid"]
	made, err := n.keys.Rotate(t.Context(), false)
	require.NoError(t, err)
	require.Equal(t, []string{old.(string)}, made.Retired)
	require.Contains(t, string(n.keys.JWKS()), made.KID)
	c.advance(10*time.Minute - time.Millisecond)
	require.Equal(t, old, headerOf(t, n.issue(t))["kid"])
	c.advance(time.Millisecond)
	require.Equal(t, made.KID, headerOf(t, n.issue(t))["kid"])
}

// A token of a withdrawn key is told apart from a forged one: its bearer should refresh, not leave.
func TestNothingThatACompromisedKeySignedIsBelieved(t *testing.T) {
	store, c := &keyStore{}, newClock()
	n, other := newNode(t, EdDSA, store, c), newNode(t, EdDSA, store, c)
	token := n.issue(t)
	_, err := n.keys.Rotate(t.Context(), false) // one retired, one that does not sign yet
	require.NoError(t, err)
	made, err := n.keys.Rotate(t.Context(), true)
	require.NoError(t, err)
	require.Len(t, made.Retired, 2)
	claims, err := n.Verify(token)
	require.ErrorIs(t, err, ErrExpired)
	require.Nil(t, claims)
	fresh := n.issue(t)
	require.Equal(t, made.KID, headerOf(t, fresh)["kid"])
	require.Equal(t, 1, countOf(string(n.keys.JWKS()), `"kid"`))

	_, err = other.Verify(fresh)
	require.ErrorIs(t, err, ErrUnknownKey, "not certainly bad")
	other.reload(t)
	_, err = other.Verify(fresh)
	require.NoError(t, err)
	_, err = other.Verify(token)
	require.ErrorIs(t, err, ErrExpired)
	_, err = other.keys.Rotate(t.Context(), false)
	require.NoError(t, err)
	_, err = other.Verify(token)
	require.ErrorIs(t, err, ErrExpired, "withdrawn for good")
}

// signerThat does something when it is used: by then the key was looked up, and nothing is cached yet.
type signerThat struct {
	crypto.Signer
	does func()
}

func (s signerThat) Public() crypto.PublicKey {
	s.does()
	return s.Signer.Public()
}

func (s signerThat) Sign(r io.Reader, message []byte, o crypto.SignerOpts) ([]byte, error) {
	s.does()
	return s.Signer.Sign(r, message, o)
}

// The token is checked, or made, with a key that is withdrawn before the answer is there.
func TestAKeyWithdrawnWhileItIsInUseIsNotBelievedAfterwards(t *testing.T) {
	for name, use := range map[string]func(*node, string) string{
		"by a verification": func(n *node, token string) string { n.Verify(token); return token },
		"by a login":        func(n *node, _ string) string { return n.issue(t) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, EdDSA, &keyStore{}, newClock())
			token := n.issue(t)
			n.forget()
			pair := n.keys.current(n.clock.Now())
			rotate := sync.OnceFunc(func() {
				_, err := n.keys.Rotate(t.Context(), true)
				require.NoError(t, err)
			})
			pair.signer = signerThat{pair.signer, rotate}
			token = use(n, token)
			_, err := n.Verify(token)
			require.ErrorIs(t, err, ErrExpired)
			require.ErrorContains(t, err, "withdrawn")
		})
	}
}

func keksOf(t testing.TB, names ...string) *KEKs {
	t.Helper()
	text := ""
	for _, name := range names {
		text += hex.EncodeToString([]byte(fmt.Sprintf("%-32s", name))) + "\n"
	}
	k, err := ParseKEKs([]byte(text))
	require.NoError(t, err)
	return k
}

func TestPrivateKeysAreInTheStoreOnlyUnderTheKeyEncryptionKey(t *testing.T) {
	store, c := &keyStore{}, newClock()
	open := func(k *KEKs) (*Keys, error) {
		return NewKeys(t.Context(), KeysOptions{Store: store, Clock: c, KEKs: k})
	}
	_, err := open(nil)
	require.NoError(t, err)
	clear := append([]byte(nil), store.keys[0].Private...)
	keys, err := open(keksOf(t, "one"))
	require.NoError(t, err, "what is in clear is encrypted at the next start")
	require.NotContains(t, string(store.keys[0].Private), string(clear[16:]))
	_, err = keys.Rotate(t.Context(), false)
	require.NoError(t, err)
	for _, key := range store.keys {
		require.Equal(t, keksOf(t, "one").id(), key.KEKID)
	}
	_, err = open(nil)
	require.ErrorContains(t, err, "--key-encryption-key-file")
	_, err = open(keksOf(t, "two"))
	require.ErrorContains(t, err, keksOf(t, "one").id())
	_, err = open(keksOf(t, "two", "one"))
	require.NoError(t, err)
	_, err = open(keksOf(t, "two"))
	require.NoError(t, err, "encrypted under the new one")

	// A ciphertext does not open in another key's row, nor damaged.
	store.keys[0].Private, store.keys[1].Private = store.keys[1].Private, store.keys[0].Private
	_, err = open(keksOf(t, "two"))
	require.ErrorContains(t, err, "damaged")
	store.keys[0].Private = []byte("short")
	_, err = open(keksOf(t, "two"))
	require.ErrorContains(t, err, "damaged")
}

func TestASecretIsSealedUnderTheNewestKeyAndReadUnderAny(t *testing.T) {
	secret := []byte("the secret of refresh tokens 123")
	one, both := keksOf(t, "one"), keksOf(t, "two", "one")
	sealed := one.SealSecret("a", secret)
	require.NotContains(t, string(sealed), string(secret))
	for _, c := range []struct {
		keks   *KEKs
		stored []byte
		again  bool
	}{{one, sealed, false}, {both, sealed, true}, {one, secret, true}, {nil, secret, false}} {
		got, again, err := c.keks.OpenSecret("a", c.stored)
		require.NoError(t, err)
		require.Equal(t, secret, got)
		require.Equal(t, c.again, again)
	}
	_, _, err := one.OpenSecret("b", sealed)
	require.ErrorContains(t, err, "damaged", "another setting's")
	var none *KEKs
	_, _, err = none.OpenSecret("a", sealed)
	require.ErrorContains(t, err, "--key-encryption-key-file")
	for _, bad := range []string{"", "\n", "abc", hex.EncodeToString(make([]byte, 31))} {
		_, err := ParseKEKs([]byte(bad))
		require.ErrorContains(t, err, "openssl rand -hex 32")
	}
}
