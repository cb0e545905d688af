package e2e

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

const (
	webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	pushSecret    = "Bearer push-secret-of-the-tests"
	pollSecret    = "poll-secret-of-the-tests"
)

// receivers are a shop, an identity provider and a portal in one process. Its handler runs in any
// goroutine.
type receivers struct {
	*httptest.Server
	mu     sync.Mutex
	away   bool
	refuse string // an event that the shop will not take
	got    map[string][]delivery
}

// delivery is one request that was answered with success.
type delivery struct {
	header http.Header
	body   string
}

func newReceivers(t *testing.T) *receivers {
	r := &receivers{got: map[string][]delivery{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receivers) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil || r.away:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.refuse != "" && strings.Contains(string(body), r.refuse):
		http.Error(w, "no such employee", http.StatusUnprocessableEntity)
	default:
		r.got[request.URL.Path] = append(r.got[request.URL.Path], delivery{request.Header, string(body)})
		w.WriteHeader(http.StatusAccepted)
	}
}

func (r *receivers) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// wait is what has come to a path, when there are so many.
func (r *receivers) wait(t *testing.T, path string, many int) (found []delivery) {
	t.Helper()
	require.Eventually(t, func() bool {
		r.set(func() { found = slices.Clone(r.got[path]) })
		return len(found) >= many
	}, patience, 5*time.Millisecond, "%d deliveries to %s, not %d", len(found), path, many)
	return found
}

// config is the file of a server that calls them; the last receiver's network was not allowed.
func (r *receivers) config(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hotseat.yaml")
	nearby := `from-start: true, allow-networks: ["127.0.0.1"]`
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `receivers:
- {name: shop, kind: webhook, url: "%[1]s/shop", secret: %[2]s, %[5]s}
- {name: idp, kind: caep-push, url: "%[1]s/idp", audience: idp, secret: %[3]s, %[5]s}
- {name: soc, kind: caep-poll, audience: soc, secret: %[4]s}
- {name: portal, kind: backchannel-logout, url: "%[1]s/portal", audience: portal, external-sid: true, %[5]s}
- {name: inside, kind: webhook, url: "%[6]s/inside", secret: %[2]s, from-start: true}
`, r.URL, webhookSecret, pushSecret, pollSecret, nearby, strings.Replace(r.URL, "http:", "https:", 1)), 0o600))
	return file
}

// shopIDs verifies the webhooks by the standard's own library and answers with their events, repeats
// left out.
func (r *receivers) shopIDs(t *testing.T, deliveries []delivery) (ids []string) {
	t.Helper()
	verifier, err := standard.NewWebhook(webhookSecret)
	require.NoError(t, err)
	for _, d := range deliveries {
		require.NoError(t, verifier.Verify([]byte(d.body), d.header))
		var event struct{ ID string }
		require.NoError(t, json.Unmarshal([]byte(d.body), &event))
		if !slices.Contains(ids, event.ID) {
			ids = append(ids, event.ID)
		}
	}
	return ids
}

// signed are the claims of a token that this server has signed, by the keys that it publishes.
func (s *server) signed(typ, text string) jwt.MapClaims {
	s.t.Helper()
	claims := jwt.MapClaims{}
	token, err := jwt.ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) {
		var set struct{ Keys []struct{ Kid, X string } }
		if err := json.Unmarshal(s.send("GET", "/.well-known/jwks.json", "", nil).body, &set); err != nil {
			return nil, err
		}
		for _, k := range set.Keys {
			if k.Kid == token.Header["kid"] {
				key, err := base64.RawURLEncoding.DecodeString(k.X)
				return ed25519.PublicKey(key), err
			}
		}
		return nil, fmt.Errorf("no key %v", token.Header["kid"])
	}, jwt.WithValidMethods([]string{"EdDSA"}))
	require.NoError(s.t, err)
	require.Equal(s.t, typ, token.Header["typ"])
	return claims
}

// revokedSession is the session that a CAEP token names.
func (s *server) revokedSession(text, audience string) any {
	s.t.Helper()
	claims := s.signed("secevent+jwt", text)
	require.Equal(s.t, audience, claims["aud"])
	require.Equal(s.t, "http://"+s.listen, claims["iss"])
	require.Contains(s.t, claims["events"], "https://schemas.openid.net/secevent/caep/event-type/session-revoked")
	return claims["sub_id"].(map[string]any)["session"].(map[string]any)["id"]
}

// pollStream asks the stream of the polling receiver, with what is acknowledged.
func (s *server) pollStream(ack ...string) (sets map[string]string) {
	s.t.Helper()
	a := s.send("POST", "/ssf/poll/soc", pollSecret, object{"returnImmediately": true, "ack": append([]string{}, ack...)})
	require.Equal(s.t, 200, a.status, "%s", a.body)
	var page struct{ Sets map[string]string }
	require.NoError(s.t, json.Unmarshal(a.body, &page))
	return page.Sets
}

// The program of the file, each receiver by its standard: told of what happens, told later of what
// happened while it was away and the program died, and what it will not take is kept and listed.
func TestReceiversAreToldByTheirStandards(t *testing.T) {
	r := newReceivers(t)
	s := start(t, embedded(t), "--config", r.config(t))
	first := s.decodeLogin(s.trusted(object{"employee_id": "ada", "terminal_id": "till-1", "external_id": "kc-1"}))
	s.mustLogin("ada", "till-2")

	require.Equal(t, []string{"ada/1/1", "ada/2/1", "ada/2/2"}, r.shopIDs(t, r.wait(t, "/shop", 3)))
	idp := r.wait(t, "/idp", 1)[0]
	require.Equal(t, pushSecret, idp.header.Get("Authorization"))
	require.Equal(t, "application/secevent+jwt", idp.header.Get("Content-Type"))
	require.Equal(t, first.Session.SessionID, s.revokedSession(idp.body, "idp"))
	portal := r.wait(t, "/portal", 1)[0]
	logout, found := strings.CutPrefix(portal.body, "logout_token=")
	require.True(t, found, portal.body)
	claims := s.signed("logout+jwt", logout)
	require.Equal(t, []any{"ada", "kc-1", "portal"}, []any{claims["sub"], claims["sid"], claims["aud"]})

	var sets map[string]string
	require.Eventually(t, func() bool { sets = s.pollStream(); return len(sets) == 1 }, patience, 10*time.Millisecond)
	for id, set := range sets {
		require.Equal(t, first.Session.SessionID, s.revokedSession(set, "soc"))
		require.Empty(t, s.pollStream(id), "acknowledged")
	}
	require.Equal(t, 401, s.send("POST", "/ssf/poll/soc", pushSecret, object{}).status)
	require.Contains(t, string(s.send("GET", "/.well-known/ssf-configuration", "", nil).body), `"urn:ietf:rfc:8936"`)

	r.set(func() { r.away = true })
	s.mustLogin("ada", "till-3")
	require.Eventually(t, func() bool { return s.failures("shop") > 0 && s.failures("idp") > 0 && s.failures("portal") > 0 }, patience, 10*time.Millisecond)
	s.Kill(func() {})
	s.Start()
	r.set(func() { r.away = false })
	require.Equal(t, []string{"ada/1/1", "ada/2/1", "ada/2/2", "ada/3/1", "ada/3/2"}, r.shopIDs(t, r.wait(t, "/shop", 5)))
	r.wait(t, "/idp", 2)
	r.wait(t, "/portal", 2)

	r.set(func() { r.refuse = `"id":"ada/4/1"` })
	s.mustLogin("ada", "till-4")
	s.mustLogin("ada", "till-5")
	require.Equal(t, []string{"ada/4/2", "ada/5/1", "ada/5/2"}, r.shopIDs(t, r.wait(t, "/shop", 8))[5:])
	letters := s.send("GET", "/v1/admin/dead-letters", adminKey, nil)
	require.Regexp(t, `^{"dead_letters":\[{"receiver":"shop","event_id":"ada/4/1",.*"why":"answered 422 [^"]*no such employee`, string(letters.body))

	require.Positive(t, s.failures("inside"))
	require.Contains(t, s.log.last(1<<20), "127.0.0.1 is not a public address")
	require.Empty(t, r.wait(t, "/inside", 0), "nobody allowed it")
}

// failures is how often a receiver was called in vain.
func (s *server) failures(receiver string) float64 { return s.relays("failures_total", receiver) }

// relays is a series of the relay about one receiver.
func (s *server) relays(series, receiver string) (n float64) {
	for line := range strings.Lines(string(s.probe("/metrics").body)) {
		if text, found := strings.CutPrefix(line, "hotseat_relay_"+series+`{sink="`+receiver+`"} `); found {
			_, _ = fmt.Sscan(text, &n)
		}
	}
	return n
}
