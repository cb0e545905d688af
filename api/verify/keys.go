package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// algorithms are those that a hub signs with. None of them takes a secret, so that a public key can
// never be taken for one.
var algorithms = []string{"EdDSA", "ES256", "RS256"}

const (
	// keysEvery is how often keys are fetched: for so long a key is believed that the hub has withdrawn.
	keysEvery = 10 * time.Second
	// keysFresh is how long a set is not asked for again on account of a key that is not in it.
	keysFresh = time.Second
	// keysBehind is how old the keys may be that a node of the hub answers with. After a compromise another
	// node signs with a new key at once; this one reads the store every 15 s, for up to 5 s, and their clocks
	// may be 2 s apart.
	keysBehind = 22 * time.Second
	// keysLast is how long keys are believed that could not be fetched again.
	keysLast = 10 * time.Minute
	// keysMost is how long the list of keys may be.
	keysMost = 1 << 20
)

// keyring is what the hub publishes.
type keyring struct {
	byID  map[string]publicKey
	since time.Time // this process's clock, when they were asked for, or a cache between has asked
}

type publicKey struct {
	algorithm string
	key       any
}

// key is the jwt.Keyfunc: the algorithm belongs to the key, not to the token (RFC 8725, section 3.1).
// Without a key a token is certainly bad if it was issued so long before the keys were asked for that its
// key would be among them; a younger one may be of a key that is new.
func (v *Verifier) key(t *jwt.Token) (any, error) {
	name, _ := t.Header["kid"].(string)
	v.mu.RLock()
	k, known := v.keys.byID[name]
	asked := v.view.said(v.keys.since)
	v.mu.RUnlock()
	issued := t.Claims.(*wire).IssuedAt
	switch {
	case known && k.algorithm == t.Method.Alg():
		return k.key, nil
	case known || issued == nil || issued.Add(keysBehind).Before(asked):
		return nil, ErrInvalid
	}
	select {
	case v.ask <- struct{}{}:
	default: // it was wished for already
	}
	return nil, ErrStale
}

// keepKeys fetches the keys again and again, and when one is not known here: at once, if it has not
// just done so.
func (v *Verifier) keepKeys(ctx context.Context) error {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-v.ask:
		}
		if err := v.fetchKeys(ctx); err != nil && ctx.Err() == nil {
			v.o.Log.Warn("the hub's keys could not be fetched; the last ones are used for ten minutes", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(keysFresh):
		}
	}
}

func (v *Verifier) fetchKeys(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	address := v.base.JoinPath("/.well-known/jwks.json")
	// What a cache between has kept is minutes old, and many do not heed no-cache: none has this address.
	address.RawQuery = "at=" + strconv.FormatInt(began.UnixNano(), 10)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Cache-Control", "no-cache")
	response, err := v.o.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, keysMost))
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the hub answered %s for its keys", response.Status)
	}
	keys, err := parseKeys(text)
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.keys = keyring{byID: keys, since: began.Add(-age(response))}
	v.mu.Unlock()
	return nil
}

// age is for how long a cache has kept the answer all the same, as it says (RFC 9111, section 5.1).
func age(response *http.Response) time.Duration {
	const most = 24 * 60 * 60 // what is older still is no younger than that
	seconds, err := strconv.ParseUint(response.Header.Get("Age"), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(seconds, most)) * time.Second
}

// parseKeys reads a set (RFC 7517, section 5). Keys for anything else than our algorithms are left out.
func parseKeys(text []byte) (map[string]publicKey, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	keys := map[string]publicKey{}
	for _, raw := range set.Keys {
		k, err := jwkset.NewJWKFromRawJSON(raw, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil {
			continue // one that is not for us must not cost those that are
		}
		m := k.Marshal()
		if m.KID != "" && method(m.ALG.String()) && (m.USE == "" || m.USE == jwkset.UseSig) {
			keys[m.KID] = publicKey{m.ALG.String(), k.Key()}
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("read the keys: there is none that signs tokens")
	}
	return keys, nil
}

func method(algorithm string) bool {
	for _, a := range algorithms {
		if a == algorithm {
			return true
		}
	}
	return false
}
