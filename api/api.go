package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/api/graphql"
	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// Employees carries a command to the employee's owner and answers once it is durable.
type Employees interface {
	Do(ctx context.Context, key session.Key, cmd session.Command) (session.Reply, error)
}

// Rows reads an employee as the store has it, no older than the call: the strict check. Where there
// is no row the Employee is zero.
type Rows interface {
	Load(ctx context.Context, key session.Key) (session.Employee, error)
}

// Profiles reads what employees are called.
type Profiles interface {
	// Profile answers session.ErrNotFound where there is none.
	Profile(ctx context.Context, key session.Key) (session.Profile, error)
	// ProfileByUsername compares without regard to case.
	ProfileByUsername(ctx context.Context, username string) (session.Profile, error)
	// Profiles lists, sorted by key, those whose key begins with prefix and comes after after.
	Profiles(ctx context.Context, prefix string, after session.Key, limit int) ([]Record, error)
}

// Record is an employee as operators see one.
type Record struct {
	Profile session.Profile
	Policy  *session.Policy
	Locked  bool
}

// View is this node's knowledge of ended sessions.
type View interface {
	// Check answers how old the view is, and session.ErrTerminated when the session has ended.
	// It sets itself a bound where it has to ask the store.
	Check(ctx context.Context, key session.Key, id session.ID, epoch session.Epoch, issuedAt session.Time) (time.Duration, error)
	// Ended is the notice of a session that the view knows to have ended, else nil.
	Ended(id session.ID) *session.Notice
}

// Sockets reaches the sockets of a terminal.
type Sockets interface {
	TestTermination(terminal session.TerminalID, force bool) int
}

// Clock tells the store's time.
type Clock interface{ Now() session.Time }

// Options joins API to its surroundings; the zero value of a setting is its default.
type Options struct {
	Employees Employees
	Rows      Rows
	Profiles  Profiles
	View      View
	Sockets   Sockets
	Cluster   Cluster      // nil: /v1/admin/cluster is not offered
	Socket    http.Handler // GET /ws/session/{terminal_id}; it answers for itself
	// SecurityEvents answers receivers of security events, for itself; nil: there are none.
	SecurityEvents http.Handler
	// DeadLetters are those of all receivers; nil: there are none.
	DeadLetters DeadLetters
	// Subscriptions serves those who cannot have a socket; nil: nobody.
	Subscriptions Subscriptions
	// Revocations lists ended sessions for those who check tokens themselves; nil: nobody does.
	Revocations Revocations
	// Events is what operators follow; nil: nothing.
	Events EventLog

	Clock     Clock
	Tokens    *token.Tokens
	Keys      *token.Keys
	Passwords *password.Pool
	// Attempts limits failed logins before any hashing; nil is no limit.
	Attempts Attempts
	// NotReady says why this node should get no traffic; nil or no reasons: it is ready.
	NotReady func() []string

	// Compat speaks the original's protocol too, and keeps the terminals of others from everybody but
	// operators; nil: not.
	Compat *compat.Seats
	// Introspection shows GraphQL's schema to whoever asks.
	Introspection bool

	ServiceKeys, AdminKeys []NamedKey
	// PublicURL is where browsers reach this server; its origin is own. When empty, only loopback
	// hosts are own.
	PublicURL      string
	AllowedOrigins []string       // exact scheme://host[:port] of foreign pages
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and -Proto are believed
	// LoopbackOnly answers nobody who asks for another host than a loopback one. A listener on loopback
	// is not enough: a page may have made its own name point there.
	LoopbackOnly bool

	SessionLifetime time.Duration // 12 h; absolute
	SessionIdle     time.Duration // 0: off
	// MaxStaleness is the age of the view past which local checks answer 503 instead; 5 s.
	MaxStaleness time.Duration
	// PollWait is how long a poll waits for news, 25 s, and StreamBeat how often a stream of events says
	// something, 15 s. Proxies cut what is silent for a minute.
	PollWait, StreamBeat time.Duration
	Policy               session.Policy // of employees without their own; one session, takeover
	DenyGrace            time.Duration  // 60 s

	// Page is what `/` shows: index.html, the files beside it, and those in assets, which may be cached
	// for ever. Its Content-Security-Policy is PagePolicy. Nil: a plain page with three commands.
	Page       fs.FS
	PagePolicy string

	Log        *slog.Logger
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer // what /metrics shows; nil: nothing
}

// API answers HTTP. Any goroutine may call its methods.
type API struct {
	o       Options
	keys    keyring
	origins origins
	page    page
	logins  *prometheus.CounterVec
	router  http.Handler
	streams streams
	gql     *graphql.Server
}

// New checks the options and builds the router.
func New(o Options) (*API, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	keys, err := newKeyring(o.ServiceKeys, o.AdminKeys)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	origins, err := newOrigins(o.PublicURL, o.AllowedOrigins)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	page, err := newPage(o.Page, o.PagePolicy)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a := &API{o: o, keys: keys, origins: origins, page: page}
	a.logins = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hotseat_logins_total", Help: "Logins by kind (password or trusted) and outcome (ok or the problem's code).",
	}, []string{"kind", "outcome"})
	// Those that alerts look at begin at 0: a counter that appears with its first burst hides it.
	for _, series := range [][]string{{"password", "ok"}, {"password", "invalid_credentials"}, {"password", "rate_limited"}, {"trusted", "ok"}} {
		a.logins.WithLabelValues(series...)
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(a.logins); err != nil {
			return nil, fmt.Errorf("api: register metrics: %w", err)
		}
	}
	a.streams.ended = make(chan struct{})
	a.gql = graphql.New(graphql.Options{Introspection: o.Introspection, Stopping: a.streams.ended, Log: o.Log})
	a.router = newRouter(a, routes)
	return a, nil
}

// complete fills the defaults and says what is missing.
func (o *Options) complete() error {
	switch {
	case o.Employees == nil || o.Rows == nil || o.Profiles == nil || o.View == nil || o.Clock == nil:
		return errors.New("options: Employees, Rows, Profiles, View and Clock must be given")
	case o.Tokens == nil || o.Keys == nil || o.Passwords == nil:
		return errors.New("options: Tokens, Keys and Passwords must be given")
	}
	fill(&o.SessionLifetime, 12*time.Hour)
	fill(&o.MaxStaleness, 5*time.Second)
	fill(&o.PollWait, pollWait)
	fill(&o.StreamBeat, streamBeat)
	fill(&o.DenyGrace, time.Minute)
	fill(&o.Policy.MaxSessions, 1)
	fill(&o.Policy.OnLimit, session.Takeover)
	if o.Attempts == nil {
		o.Attempts = unlimited{}
	}
	if o.NotReady == nil {
		o.NotReady = func() []string { return nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Handler serves the public listener.
func (a *API) Handler() http.Handler { return a.router }
