package token

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

const (
	issuer = "https://hotseat.test"
	secret = "a secret of the server, 32 bytes and more"
)

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now session.Time
}

func (c *clock) Now() session.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock {
	return &clock{now: session.TimeOf(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))}
}

// keyStore keeps keys in memory.
type keyStore struct {
	mu   sync.Mutex
	keys []Key
	down bool
	read chan struct{} // told of each reading, when not nil
}

func (s *keyStore) SigningKeys(context.Context) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, session.ErrUnavailable
	}
	if s.read != nil {
		defer func() { s.read <- struct{}{} }()
	}
	return append([]Key(nil), s.keys...), nil
}

func (s *keyStore) AddSigningKey(_ context.Context, key Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errors.New("down")
	}
	for i := range s.keys {
		if s.keys[i].KID == key.KID {
			s.keys[i] = key
			return nil
		}
	}
	s.keys = append(s.keys, key)
	return nil
}

// node is one node's tokens over a store that others may share.
type node struct {
	*Tokens
	keys  *Keys
	store *keyStore
	clock *clock
}

func newNode(t testing.TB, alg string, store *keyStore, c *clock) *node {
	t.Helper()
	keys, err := NewKeys(context.Background(), KeysOptions{Store: store, Clock: c, Alg: alg})
	require.NoError(t, err)
	tokens, err := New(Options{Keys: keys, Clock: c, Issuer: issuer, Secret: []byte(secret)})
	require.NoError(t, err)
	return &node{tokens, keys, store, c}
}

// seat is a session that began now.
func (n *node) seat() *session.Session {
	now := n.clock.Now()
	return &session.Session{
		ID: session.ID{1, 2, 3}, Terminal: "till-1", Client: "hotseat", Epoch: 7, CreatedAt: now,
		ExpiresAt: now.Add(12 * time.Hour), TokensUntil: now.Add(15 * time.Minute), Refresh: 1,
	}
}

func (n *node) issue(t testing.TB) string {
	t.Helper()
	token, _, err := n.Issue("Ada", n.seat())
	require.NoError(t, err)
	return token
}

// forget empties the cache, so that the next Verify really verifies.
func (n *node) forget() { n.cache.clear() }

func cut(t testing.TB, token string) (header, claims, signature string) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	return parts[0], parts[1], parts[2]
}
