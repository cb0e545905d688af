package verify

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Options say which hub to follow. URL and Key must be given.
type Options struct {
	URL string // of the hub, such as https://hotseat.example.com
	Key string // a service key of the hub

	Issuer   string // iss of its tokens; empty: URL
	Audience string // aud of its tokens; empty: hotseat

	// MaxStaleness is how old the knowledge of ended sessions may be. Zero means 5 seconds; the hub
	// speaks every second.
	MaxStaleness time.Duration

	// Ended, if any, hears of each ended session, so that a service can close what it holds open for
	// it. It may hear of one twice, and must not block.
	Ended func(TerminatedError)

	Client *http.Client // nil: one with time-outs of its own, except while the feed is read
	Log    *slog.Logger // nil: slog.Default
}

// Verifier checks tokens. All methods may be called by any goroutine; Run by one.
type Verifier struct {
	o      Options
	base   *url.URL
	parser *jwt.Parser
	ask    chan struct{} // holds one wish for new keys

	mu   sync.RWMutex
	keys keyring
	view view
}

// Claims are what a token says, of a session that lives.
type Claims struct {
	Employee, Session, Terminal, Client string
	Epoch                               uint64
	IssuedAt, ExpiresAt                 time.Time
	// Staleness is how long ago the session was certainly alive.
	Staleness time.Duration
}

// New makes a Verifier, which lets nobody pass before Run has heard from the hub.
func New(o Options) (*Verifier, error) {
	base, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("url of the hub: %w", err)
	case base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("url of the hub: %q must be like https://hotseat.example.com", o.URL)
	case o.Key == "":
		return nil, errors.New("key: a service key of the hub must be given")
	case o.MaxStaleness < 0:
		return nil, fmt.Errorf("maximal staleness: %s is negative", o.MaxStaleness)
	}
	if o.Issuer == "" {
		o.Issuer = strings.TrimRight(o.URL, "/")
	}
	if o.Audience == "" {
		o.Audience = "hotseat"
	}
	if o.MaxStaleness == 0 {
		o.MaxStaleness = 5 * time.Second
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Verifier{
		o: o, base: base, ask: make(chan struct{}, 1), view: view{ended: map[id]ending{}},
		parser: jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithoutClaimsValidation()),
	}, nil
}

// wire is the claims set of RFC 9068 with the hub's own.
type wire struct {
	jwt.RegisteredClaims

	Client   string `json:"client_id"`
	Session  string `json:"sid"`
	Terminal string `json:"terminal_id"`
	Epoch    uint64 `json:"epoch"`
}

// Verify answers with what the token says, or one of the errors of this package.
func (v *Verifier) Verify(token string) (*Claims, error) {
	var w wire
	parsed, err := v.parser.ParseWithClaims(token, &w, v.key)
	if errors.Is(err, ErrStale) {
		return nil, ErrStale
	}
	if err != nil || parsed.Header["typ"] != "at+jwt" {
		return nil, ErrInvalid
	}
	session, err := parseID(w.Session)
	if err != nil || w.Issuer != v.o.Issuer || !slices.Contains(w.Audience, v.o.Audience) || w.Subject == "" || w.ExpiresAt == nil || w.IssuedAt == nil {
		return nil, ErrInvalid
	}
	staleness, err := v.alive(session, w.ExpiresAt.Time)
	if err != nil {
		return nil, err
	}
	return &Claims{
		Employee: w.Subject, Session: w.Session, Terminal: w.Terminal, Client: w.Client, Epoch: w.Epoch,
		IssuedAt: w.IssuedAt.Time, ExpiresAt: w.ExpiresAt.Time, Staleness: staleness,
	}, nil
}

// alive asks what was heard of the session. That it has ended is true however old that is.
func (v *Verifier) alive(session id, expires time.Time) (staleness time.Duration, err error) {
	now := time.Now()
	v.mu.RLock()
	defer v.mu.RUnlock()
	if e, over := v.view.ended[session]; over {
		return 0, &TerminatedError{Session: session.String(), Reason: e.reason, At: time.UnixMilli(e.at)}
	}
	hub := v.view.clock(now)
	if !hub.Before(expires) {
		return 0, ErrExpired
	}
	if v.view.heard.IsZero() {
		return 0, ErrStale
	}
	staleness = hub.Sub(v.view.asOf)
	if staleness > v.o.MaxStaleness || now.Sub(v.keys.since) > keysLast {
		return 0, ErrStale
	}
	return staleness, nil
}

// Ready reports whether tokens can be checked now.
func (v *Verifier) Ready() bool {
	_, err := v.alive(id{}, time.Unix(1<<40, 0))
	return err == nil
}
