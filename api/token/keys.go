package token

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Times of the key ring.
const (
	// PublicationLead is how long a new key is published before it signs.
	PublicationLead = 10 * time.Minute
	// leeway covers the clocks of those who check our tokens.
	leeway = time.Minute
	// reloadEvery is how often keys that others published are read without being asked for.
	reloadEvery = 15 * time.Second
	// reloadAtMost limits the reloads that unknown key ids force.
	reloadAtMost = time.Second
	reloadLimit  = 5 * time.Second
	// skew is how far two nodes' readings of the store's time may be apart.
	skew = 2 * time.Second
)

// KeyStore keeps the signing keys for all nodes.
type KeyStore interface {
	SigningKeys(ctx context.Context) ([]Key, error)
	AddSigningKey(ctx context.Context, key Key) error
}

// Clock tells the store's time.
type Clock interface{ Now() session.Time }

// KeysOptions says how keys are used; the zero value of a field is its default.
type KeysOptions struct {
	Store KeyStore
	Clock Clock
	// Alg of the keys that this node makes and prefers; EdDSA by default.
	Alg string
	// Lifetime of the longest access token in use: an old key stays published that long. Too
	// short and good tokens are refused after a rotation.
	Lifetime time.Duration
	// KEKs encrypt the private keys in the store; nil leaves them in clear there.
	KEKs *KEKs
	Log  *slog.Logger
}

// Keys is the ring of signing keys. Any goroutine may call its methods; Run is called once and
// keeps the ring fresh.
type Keys struct {
	o      KeysOptions
	ring   atomic.Pointer[ring]
	forced chan struct{} // holds one: a reload that is asked for while one is due is the same
	mu     sync.Mutex    // one load at a time
	// onWithdrawn is told when a key was withdrawn.
	onWithdrawn func()
}

// ring is one reading of the store.
type ring struct {
	readAt session.Time // when the reading began
	pairs  map[string]*keyPair
	order  []*keyPair // by SignsFrom
}

// NewKeys reads the keys and makes the first one when there is none for the algorithm.
func NewKeys(ctx context.Context, o KeysOptions) (*Keys, error) {
	if o.Alg == "" {
		o.Alg = EdDSA
	}
	if o.Lifetime <= 0 {
		o.Lifetime = defaultLifetime
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := &Keys{o: o, forced: make(chan struct{}, 1), onWithdrawn: func() {}}
	if err := k.rewrap(ctx); err != nil {
		return nil, err
	}
	if err := k.Reload(ctx); err != nil {
		return nil, err
	}
	return k, k.ensure(ctx)
}

// ensure makes a key for the algorithm. The very first one signs at once, there being no token that
// another node could meet before it knows the key; one for another algorithm waits its lead, and
// relieves the others then.
func (k *Keys) ensure(ctx context.Context) error {
	ring, now := k.ring.Load(), k.o.Clock.Now()
	for _, pair := range ring.order {
		if pair.Alg == k.o.Alg && pair.RetiredAt == 0 {
			return nil
		}
	}
	signsFrom := now
	if ring.signer(k.o.Alg, now) != nil {
		signsFrom = now.Add(PublicationLead)
	}
	key, err := k.add(ctx, now, signsFrom)
	if err != nil {
		return err
	}
	if _, err := k.retire(ctx, key.KID, signsFrom); err != nil {
		return err
	}
	return k.Reload(ctx)
}

// Reload reads the keys now.
func (k *Keys) Reload(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	readAt := k.o.Clock.Now()
	stored, err := k.o.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	next := &ring{readAt: readAt, pairs: make(map[string]*keyPair, len(stored))}
	for _, key := range stored {
		plain, err := k.o.KEKs.decrypted(key)
		if err != nil {
			return err
		}
		pair, err := parseKey(plain)
		if err != nil {
			return err
		}
		next.pairs[key.KID] = pair
		next.order = append(next.order, pair)
	}
	slices.SortFunc(next.order, func(a, b *keyPair) int {
		if a.SignsFrom != b.SignsFrom {
			return int(a.SignsFrom - b.SignsFrom)
		}
		return compare(a.KID, b.KID)
	})
	old := k.ring.Swap(next)
	if old != nil && old.lost(next) {
		k.onWithdrawn()
	}
	return nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// lost reports whether next no longer has a key of r, or has withdrawn it.
func (r *ring) lost(next *ring) bool {
	for kid, pair := range r.pairs {
		if now := next.pairs[kid]; now == nil || now.withdrawn() && !pair.withdrawn() {
			return true
		}
	}
	return false
}

// Run reads the keys every 15 s and whenever an unknown one was met, until ctx is done. While the
// store is away the keys that are known stay in use.
func (k *Keys) Run(ctx context.Context) error {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-k.forced:
		}
		load, cancel := context.WithTimeout(ctx, reloadLimit)
		if err := k.Reload(load); err != nil && ctx.Err() == nil {
			k.o.Log.Warn("signing keys not reloaded; those known stay in use", "error", err)
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reloadAtMost):
		}
	}
}

// find returns the pair that may verify tokens with this kid. Without one, a token issued before
// the last reading is certainly bad, since its key would have been in it; a younger one may be of a
// key that is new.
func (k *Keys) find(kid string, issuedAt, now session.Time) (*keyPair, error) {
	ring := k.ring.Load()
	pair := ring.pairs[kid]
	if pair != nil && !ring.gone(pair, now, k.o.Lifetime) {
		return pair, nil
	}
	if pair != nil && pair.withdrawn() {
		return nil, fmt.Errorf("the key was withdrawn: %w", ErrExpired)
	}
	if pair != nil || issuedAt.Add(skew) < ring.readAt {
		return nil, fmt.Errorf("no such key: %w", ErrInvalid)
	}
	select {
	case k.forced <- struct{}{}:
	default:
	}
	return nil, ErrUnknownKey
}

// current returns the pair that signs now.
func (k *Keys) current(now session.Time) *keyPair { return k.ring.Load().signer(k.o.Alg, now) }

// signer is the newest key of the algorithm that may sign, else the newest of any other: an
// algorithm that was just changed to has no key past its lead.
func (r *ring) signer(alg string, now session.Time) (found *keyPair) {
	for _, pair := range r.order {
		signs := pair.SignsFrom <= now && (pair.RetiredAt == 0 || now < pair.RetiredAt)
		if signs && (found == nil || pair.Alg == alg || found.Alg != alg) {
			found = pair
		}
	}
	return found
}

// withdrawn reports whether the key is not believed any more.
func (k *Key) withdrawn() bool { return k.RetiredAt == withdrawnAt }

// gone reports whether every token of the pair has expired, because it was retired long enough ago.
func (r *ring) gone(pair *keyPair, now session.Time, lifetime time.Duration) bool {
	return pair.RetiredAt != 0 && now > pair.RetiredAt.Add(lifetime+leeway)
}

// Algs are the algorithms of the keys in the JWKS.
func (k *Keys) Algs() []string {
	ring, now := k.ring.Load(), k.o.Clock.Now()
	algs := []string{}
	for _, pair := range ring.order {
		if !ring.gone(pair, now, k.o.Lifetime) && !slices.Contains(algs, pair.Alg) {
			algs = append(algs, pair.Alg)
		}
	}
	return algs
}

// JWKS is the key set of RFC 7517: those that sign, will sign, or have signed tokens that may live.
func (k *Keys) JWKS() []byte {
	ring, now := k.ring.Load(), k.o.Clock.Now()
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, pair := range ring.order {
		if !ring.gone(pair, now, k.o.Lifetime) {
			set.Keys = append(set.Keys, pair.jwk)
		}
	}
	b, err := json.Marshal(set)
	if err != nil {
		panic("token: a key set of strings does not marshal: " + err.Error())
	}
	return b
}
