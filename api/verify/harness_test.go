package verify

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

const (
	sid      = "01a20b52-4603-7800-a9aa-c6698a9a6809"
	patience = 30 * time.Second
)

// hub answers as a test tells it to, where the real one would have to be broken.
type hub struct {
	*httptest.Server
	t      *testing.T
	secret ed25519.PrivateKey

	mu      sync.Mutex
	keys    string
	asked   int                                            // how often for keys
	fresh   int                                            // how often past every cache
	feeds   []func(w http.ResponseWriter, r *http.Request) // one for each connection; the last stays
	cursors []string                                       // with which they came
}

func newHub(t *testing.T) *hub {
	public, secret, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h := &hub{t: t, secret: secret}
	h.keys = jwks("k1", public)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asked++
		if r.Header.Get("Cache-Control") == "no-cache" {
			h.fresh++
		}
		_, _ = w.Write([]byte(h.keys))
	})
	routes.HandleFunc("GET /v1/revocations", h.feed)
	h.Server = httptest.NewServer(routes)
	t.Cleanup(h.Close)
	return h
}

// cache stands between and answers what it has kept, whatever a request says of that.
type cache struct {
	byPath bool // the query is nothing to it, either
	mu     sync.Mutex
	kept   map[string]string
}

func (c *cache) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/.well-known/jwks.json" {
		return http.DefaultTransport.RoundTrip(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name := r.URL.String()
	if c.byPath {
		name = r.URL.Path
	}
	if text, found := c.kept[name]; found {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Age": {"300"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	c.kept[name], response.Body = string(text), io.NopCloser(bytes.NewReader(text))
	return response, err
}

func jwks(kid string, public ed25519.PublicKey) string {
	return fmt.Sprintf(`{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"not-ours","alg":"HS256"},{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":%q,"x":%q}]}`,
		kid, base64.RawURLEncoding.EncodeToString(public))
}

func (h *hub) feed(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	next := h.feeds[0]
	if len(h.feeds) > 1 {
		h.feeds = h.feeds[1:]
	}
	h.cursors = append(h.cursors, r.Header.Get("Last-Event-ID"))
	h.mu.Unlock()
	next(w, r)
}

// says writes the text and leaves the feed open.
func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(text))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func asOf(at time.Time, cursor string) string {
	return fmt.Sprintf("event: as_of\nid: %s\ndata: {\"as_of\":%q,\"cursor\":%q}\n\n", cursor, at.UTC().Format(time.RFC3339Nano), cursor)
}

func revocation(session string, until time.Time) string {
	text, _ := json.Marshal(map[string]any{
		"session_id": session, "employee_id": "ada", "epoch": 1, "reason": "new_login",
		"ended_at": until.Add(-time.Hour).UTC(), "tokens_expire_at": until.UTC(),
	})
	return "event: revocation\ndata: " + string(text) + "\n\n"
}

// start makes a verifier that follows the hub through these feeds.
func (h *hub) start(o Options, feeds ...func(http.ResponseWriter, *http.Request)) *Verifier {
	h.feeds = feeds
	o.URL, o.Key, o.Log = h.URL, "service-key", slog.New(slog.DiscardHandler)
	v, err := New(o)
	require.NoError(h.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		require.ErrorIs(h.t, <-done, context.Canceled)
	})
	return v
}

func (h *hub) ready(v *Verifier) {
	h.t.Helper()
	require.Eventually(h.t, v.Ready, patience, time.Millisecond)
}

// claims are those of a good token, changed.
func (h *hub) claims(change func(c jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": h.URL, "aud": "hotseat", "sub": "ada", "client_id": "web", "sid": sid, "terminal_id": "till-1",
		"epoch": 3, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "x",
	}
	if change != nil {
		change(c)
	}
	return c
}

func (h *hub) token(change func(c jwt.MapClaims)) string {
	return h.sign(jwt.SigningMethodEdDSA, map[string]any{"kid": "k1", "typ": "at+jwt"}, h.claims(change), h.secret)
}

func (h *hub) sign(method jwt.SigningMethod, header map[string]any, c jwt.MapClaims, key any) string {
	t := jwt.NewWithClaims(method, c)
	for name, value := range header {
		t.Header[name] = value
	}
	text, err := t.SignedString(key)
	require.NoError(h.t, err)
	return text
}
