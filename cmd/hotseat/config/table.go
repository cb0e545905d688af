package config

import (
	"slices"
	"strings"
)

// Setting is one row of Table.
type Setting struct {
	Name    string // the flag without dashes, and the key of the file
	Default string
	Note    string // what the default means where Default alone does not say
	Value   string // what the value is, for help
	Help    string
	Bare    string // what the flag means without a value; empty: it needs one
	Secret  bool   // also read from the file named by Env()+"_FILE", masked when printed

	parse func(*Config, string) error
}

// Env is the setting's environment variable.
func (s *Setting) Env() string {
	return "HOTSEAT_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

func (s *Setting) isBool() bool { return s.Value == "" }
func (s *Setting) isList() bool { return strings.HasSuffix(s.Value, ",…") }

// Table holds every setting, in the order of help and documents.
var Table = []Setting{
	{
		Name: "listen", Value: "host:port", Default: "127.0.0.1:8080", parse: address(func(c *Config) *string { return &c.Listen }),
		Help: "where clients connect",
	},
	{
		Name: "ops-listen", Value: "host:port", Default: "127.0.0.1:9464", parse: address(func(c *Config) *string { return &c.OpsListen }),
		Help: "where metrics, pprof and probes are",
	},
	{
		Name: "store", Value: "url", Note: "embedded:$STATE_DIRECTORY or embedded:./hotseat-data", Secret: true, parse: parseStore,
		Help: "embedded:FOLDER or postgres://…",
	},
	{
		Name: "public-url", Value: "url", Note: "the listener's URL", parse: parsePublicURL,
		Help: "the URL that browsers use, as scheme://host[:port]",
	},
	{
		Name: "issuer", Value: "url", Note: "kept in the store, set at its first start from public-url", parse: parseIssuer,
		Help: "iss of access tokens",
	},
	{
		Name: "audience", Value: "text", Default: "hotseat", parse: word(func(c *Config) *string { return &c.Audience }),
		Help: "aud of access tokens",
	},
	{
		Name: "token-alg", Value: "EdDSA|ES256|RS256", Default: "EdDSA", parse: choice(func(c *Config) *string { return &c.TokenAlg }),
		Help: "algorithm of access tokens",
	},
	{
		Name: "tls-cert", Value: "file", Note: "none: plain HTTP", parse: text(func(c *Config) *string { return &c.TLSCert }),
		Help: "PEM certificate chain of the listener",
	},
	{
		Name: "tls-key", Value: "file", Note: "none", parse: text(func(c *Config) *string { return &c.TLSKey }),
		Help: "PEM private key of the listener",
	},

	{
		Name: "key-encryption-key-file", Value: "file", Note: "none: in clear in the store", parse: text(func(c *Config) *string { return &c.KeyEncryptionKeyFile }),
		Help: "keys, one on each line, 32 bytes in hex or base64: the first encrypts the signing keys and secrets in the store, the others only decrypt",
	},

	{
		Name: "service-key", Value: "[name=]secret,…", Note: "made at first start in the data folder: service.key", Secret: true,
		parse: keys("service", func(c *Config) *[]Key { return &c.ServiceKeys }), Help: "keys of backends",
	},
	{
		Name: "admin-key", Value: "[name=]secret,…", Note: "made at first start in the data folder: admin.key", Secret: true,
		parse: keys("admin", func(c *Config) *[]Key { return &c.AdminKeys }), Help: "keys of operators",
	},

	{
		Name: "access-token-lifetime", Value: "duration", Default: "15m", parse: duration(func(c *Config) *seconds { return &c.AccessTokenLifetime }),
		Help: "how long an access token is good for",
	},
	{
		Name: "session-lifetime", Value: "duration", Default: "12h", parse: duration(func(c *Config) *seconds { return &c.SessionLifetime }),
		Help: "when a session ends, whatever it does",
	},
	{
		Name: "session-idle", Value: "duration", Default: "0", Note: "off", parse: duration(func(c *Config) *seconds { return &c.SessionIdle }),
		Help: "when a session ends that is not refreshed",
	},
	{
		Name: "max-staleness", Value: "duration", Default: "5s", parse: duration(func(c *Config) *seconds { return &c.MaxStaleness }),
		Help: "how old a node's view of ended sessions may be before it refuses to answer",
	},
	{
		Name: "history-retention", Value: "duration", Default: "720h", parse: duration(func(c *Config) *seconds { return &c.HistoryRetention }),
		Help: "how long events are kept",
	},

	{
		Name: "max-sessions", Value: "1–64", Default: "1", parse: parseMaxSessions,
		Help: "sessions that an employee may have at once",
	},
	{
		Name: "on-limit", Value: "takeover|deny", Default: "takeover", parse: parseOnLimit,
		Help: "what a login does when there are max-sessions already",
	},
	{
		Name: "deny-grace", Value: "duration", Default: "60s", parse: duration(func(c *Config) *seconds { return &c.DenyGrace }),
		Help: "how long a session without a socket holds its seat under deny",
	},

	{
		Name: "drain-delay", Value: "duration", Default: "5s", Note: "0 with --demo", parse: duration(func(c *Config) *seconds { return &c.DrainDelay }),
		Help: "how long to be not ready before sockets are asked to leave",
	},
	{
		Name: "drain-duration", Value: "duration", Default: "20s", parse: duration(func(c *Config) *seconds { return &c.DrainDuration }),
		Help: "over how long sockets are asked to leave",
	},
	{
		Name: "migrate", Value: "auto|check|off", Default: "auto", parse: choice(func(c *Config) *string { return &c.Migrate }),
		Help: "bring the store's schema up at start, only check it, or neither",
	},
	{
		Name: "log-format", Value: "auto|text|json", Default: "auto", Note: "text on a terminal, else json", parse: choice(func(c *Config) *string { return &c.LogFormat }),
		Help: "form of log lines",
	},
	{
		Name: "log-level", Value: "debug|info|warn|error", Default: "info", parse: choice(func(c *Config) *string { return &c.LogLevel }),
		Help: "least level that is logged",
	},

	{
		Name: "allowed-origins", Value: "origin,…", Note: "own only", parse: parseOrigins,
		Help: "other origins whose pages may use the browser routes, as scheme://host[:port]",
	},
	{
		Name: "trusted-proxies", Value: "address,…", Note: "none", parse: parseProxies,
		Help: "addresses or networks whose X-Forwarded-* headers are believed",
	},
	{
		Name: "max-strangers", Value: "number", Default: "1024", parse: parseMaxStrangers,
		Help: "connections of one address that may owe a request or a token at a time, trusted proxies left out; one more, and the oldest closes",
	},

	{
		Name: "cluster-listen", Value: "host:port", Note: "none: a single node", parse: optionalAddress(func(c *Config) *string { return &c.ClusterListen }),
		Help: "where other nodes of the cluster connect; needs a postgres:// store and given keys",
	},
	{
		Name: "cluster-advertise", Value: "host:port", Note: "cluster-listen", parse: optionalAddress(func(c *Config) *string { return &c.ClusterAdvertise }),
		Help: "where the other nodes reach this one, if not where it listens",
	},
	{
		Name: "node-name", Value: "name", Note: "the machine's name and the port of cluster-listen", parse: parseNodeName,
		Help: "name of this node, the same over restarts and no other node's",
	},
	{
		Name: "cluster-tls-cert", Value: "file", Note: "none: plain, on loopback only", parse: text(func(c *Config) *string { return &c.ClusterTLSCert }),
		Help: "PEM certificate of this node, for serving and for calling the others",
	},
	{
		Name: "cluster-tls-key", Value: "file", Note: "none", parse: text(func(c *Config) *string { return &c.ClusterTLSKey }),
		Help: "PEM private key of this node",
	},
	{
		Name: "cluster-tls-ca", Value: "file", Note: "none", parse: text(func(c *Config) *string { return &c.ClusterTLSCA }),
		Help: "PEM certificates of the authority that signed the nodes' certificates; no other node is let in",
	},

	{
		Name: "demo", Default: "false", parse: parseDemo,
		Help: "employees ada, grace and edsger (password demo-password) in a store of its own, ./hotseat-demo; loopback only, listeners and Host",
	},
}

func init() {
	last := len(Table) - 1 // demo stays the last
	Table = slices.Insert(Table, last, slices.Concat(eventSettings, compatSettings)...)
}

// Lookup finds a setting by its name, or nil.
func Lookup(name string) *Setting {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}
