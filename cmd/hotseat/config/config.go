package config

import (
	"net/netip"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Config is what `hotseat serve` runs with. It is never changed after Load.
type Config struct {
	Listen    string // host:port of everything clients see; port 0 takes any free one
	OpsListen string // host:port of metrics, pprof and probes
	Store     string // "embedded:DIR" or "postgres://…"
	PublicURL string // scheme://host[:port]; empty: the listener's URL
	Issuer    string // empty: the one kept in the store, else PublicURL
	Audience  string
	TokenAlg  string // EdDSA, ES256, RS256
	TLSCert   string // files, both or none
	TLSKey    string

	KeyEncryptionKeyFile string // empty: private keys are in clear in the store

	ServiceKeys []Key // empty: from the data folder
	AdminKeys   []Key

	AccessTokenLifetime time.Duration
	SessionLifetime     time.Duration
	SessionIdle         time.Duration // 0: off
	MaxStaleness        time.Duration
	HistoryRetention    time.Duration

	MaxSessions int
	OnLimit     session.OnLimit
	DenyGrace   time.Duration

	DrainDelay    time.Duration
	DrainDuration time.Duration
	Migrate       string // auto, check, off
	LogFormat     string // auto, text, json
	LogLevel      string // debug, info, warn, error

	ClusterListen    string // host:port for other nodes; empty: a single node
	ClusterAdvertise string // host:port where they reach it; empty: ClusterListen
	NodeName         string // empty: made of the machine's name and the port
	ClusterTLSCert   string // files, all three or none
	ClusterTLSKey    string
	ClusterTLSCA     string

	AllowedOrigins []string // scheme://host[:port], lower case
	TrustedProxies []netip.Prefix
	MaxStrangers   int // connections of one address that owe a request or a token

	Events Events

	Compat Compat
	Demo   bool

	texts   map[string]string // each setting as it was written
	origins map[string]string // where it was written; a default has none
	dataDir string
}

// Policy is the server's seat policy, for employees without their own.
func (c *Config) Policy() session.Policy {
	return session.Policy{MaxSessions: c.MaxSessions, OnLimit: c.OnLimit}
}

// DataDir is where the embedded store and the keys made at the first start live.
func (c *Config) DataDir() string { return c.dataDir }

// Key is a named secret of the service or admin kind. Its text form hides the secret.
type Key struct {
	Name   string // [a-z0-9-]{1,32}; the client_id of tokens and the actor of events
	Secret string
}

// String never shows the secret, so that a logged Config is harmless.
func (k Key) String() string { return k.Name + "=" + mask }

// GoString is String, for %#v.
func (k Key) GoString() string { return k.String() }
