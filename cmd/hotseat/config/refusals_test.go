package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each bad input, where it was written, and what the error must say.
var refusals = []struct {
	name  string
	args  []string
	env   []string
	file  string
	wants []string
}{
	{name: "key of the file misspelt", file: "max_session: 2\n", wants: []string{`unknown key "max_session"`, "did you mean max-sessions?"}},
	{name: "key of the file nested", file: "listen:\n  host: x\n", wants: []string{"listen: want one value"}},
	{name: "file is no YAML", file: "listen: [\n", wants: []string{"hotseat.yaml: yaml:"}},
	{name: "key of the file twice", file: "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", wants: []string{"already defined"}},
	{name: "file away", args: []string{"--config", "nowhere.yaml"}, wants: []string{"--config: open nowhere.yaml"}},
	{name: "environment misspelt", env: []string{"HOTSEAT_LISTENS=x"}, wants: []string{"HOTSEAT_LISTENS: did you mean HOTSEAT_LISTEN?"}},
	{name: "file of what is no secret", env: []string{"HOTSEAT_LISTEN_FILE=x"}, wants: []string{"unknown environment variable HOTSEAT_LISTEN_FILE"}},
	{name: "links of a Kubernetes service", env: []string{"HOTSEAT_SERVICE_HOST=10.0.0.1"}, wants: []string{"enableServiceLinks: false"}},
	{name: "secret's file away", env: []string{"HOTSEAT_ADMIN_KEY_FILE=/nowhere/key"}, wants: []string{"HOTSEAT_ADMIN_KEY_FILE: open /nowhere/key"}},

	{name: "listen without port", args: []string{"--listen", "localhost"}, wants: []string{`--listen: "localhost" is not host:port`}},
	{name: "port too large", env: []string{"HOTSEAT_LISTEN=:70000"}, wants: []string{"HOTSEAT_LISTEN: port", "65535"}},
	{name: "same listener twice", args: []string{"--ops-listen", "127.0.0.1:8080"}, wants: []string{"--ops-listen", "different ports"}},
	{name: "store of another kind", args: []string{"--store", "mysql://u:pw@h/d"}, wants: []string{"embedded:FOLDER or postgres://"}},
	{name: "store without folder", args: []string{"--store", "embedded:"}, wants: []string{"needs a folder"}},
	{name: "public URL with a path", args: []string{"--public-url", "https://a.example/x"}, wants: []string{"is not an origin"}},
	{name: "issuer with a query", args: []string{"--issuer", "https://a.example?x=1"}, wants: []string{"without query"}},
	{name: "audience with a space", args: []string{"--audience", "a b"}, wants: []string{"has spaces"}},
	{name: "unknown algorithm", args: []string{"--token-alg", "eddsa"}, wants: []string{`"eddsa" is none of EdDSA, ES256, RS256: did you mean EdDSA?`}},
	{name: "certificate without key", args: []string{"--tls-cert", "c.pem"}, wants: []string{"--tls-cert and --tls-key go together"}},

	{name: "weak key", args: []string{"--admin-key", "short"}, wants: []string{"--admin-key: key 1: admin:", "weak", "16"}},
	{name: "name of a key", args: []string{"--service-key", "POS=0123456789abcdef"}, wants: []string{"name before '='"}},
	{name: "secret with =", args: []string{"--service-key", "pos=0123456789abcdef=="}, wants: []string{"pos: a secret may not contain '='"}},
	{name: "secret with a space", args: []string{"--service-key", "pos=01234567 89abcdef"}, wants: []string{"printable ASCII"}},
	{name: "empty secret between commas", args: []string{"--service-key", "0123456789abcdef,,"}, wants: []string{"key 2"}},
	{name: "one secret, two names", args: []string{"--service-key", "a=0123456789abcdef,b=0123456789abcdef"}, wants: []string{"key 2 (b) has the secret of a"}},
	{name: "one secret, two kinds", args: []string{"--service-key", "0123456789abcdef", "--admin-key", "0123456789abcdef"}, wants: []string{"make two"}},

	{name: "duration without unit", file: "session-lifetime: 12\n", wants: []string{`session-lifetime: "12" is not a duration such as`}},
	{name: "negative duration", args: []string{"--deny-grace", "-1s"}, wants: []string{"--deny-grace: -1s is negative"}},
	{name: "no lifetime", args: []string{"--session-lifetime", "0"}, wants: []string{"--session-lifetime: 0s is too short"}},
	{name: "token outlives session", args: []string{"--access-token-lifetime", "13h"}, wants: []string{"longer than --session-lifetime"}},
	{name: "idle before refresh", args: []string{"--session-idle", "5m"}, wants: []string{"before their first refresh"}},
	{name: "history too short", args: []string{"--history-retention", "1h"}, wants: []string{"shorter than --session-lifetime"}},
	{name: "no seats", args: []string{"--max-sessions", "0"}, wants: []string{"1 to 64"}},
	{name: "too many seats", args: []string{"--max-sessions", "65"}, wants: []string{"1 to 64"}},
	{name: "unknown policy", args: []string{"--on-limit", "take-over"}, wants: []string{"did you mean takeover?"}},
	{name: "unknown migration", env: []string{"HOTSEAT_MIGRATE=yes"}, wants: []string{"HOTSEAT_MIGRATE", "auto, check, off"}},
	{name: "unknown level", args: []string{"--log-level", "warning"}, wants: []string{"is none of debug, info, warn, error"}},
	{name: "any origin", args: []string{"--allowed-origins", "*"}, wants: []string{`"*" is not an origin`}},
	{name: "origin with a path", args: []string{"--allowed-origins", "https://a.example/"}, wants: []string{"is not an origin"}},
	{name: "no strangers", args: []string{"--max-strangers", "0"}, wants: []string{"not a number from 1 on"}},
	{name: "proxy by name", args: []string{"--trusted-proxies", "proxy"}, wants: []string{"not an address or network"}},
	{name: "unsafe logout of nothing", args: []string{"--compat-pos-unsafe-logout"}, wants: []string{"--compat-pos-unsafe-logout", "--compat-pos, which is off"}},
	{name: "compat secret of nothing", env: []string{"HOTSEAT_COMPAT_POS_SECRET_FILE=x"}, wants: []string{"HOTSEAT_COMPAT_POS_SECRET_FILE", "which is off"}},
	{name: "compat neither on nor off", args: []string{"--compat-pos=perhaps"}, wants: []string{"perhaps"}},
	{name: "compat on nodes with a secret each", args: []string{
		"--compat-pos", "--cluster-listen", "127.0.0.1:7000", "--store", "postgres://h/d", "--admin-key", "0123456789abcdef", "--service-key", "0123456789abcdeg",
	}, wants: []string{"--compat-pos: the nodes of a cluster need one secret"}},
	{name: "demo in another store", args: []string{"--demo", "--store", "embedded:./hotseat-data"}, wants: []string{"--store: --demo uses only its own store"}},
	{name: "demo open to others", args: []string{"--demo", "--listen", "0.0.0.0:8080"}, wants: []string{"--listen: 0.0.0.0:8080 is open to others"}},
	{name: "demo is not a number", args: []string{"--demo=2"}, wants: []string{"neither true nor false"}},
}

func TestBadInputIsRefusedWithWhatToDo(t *testing.T) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			_, err := load(t, r.file, r.env, r.args...)
			require.Error(t, err)
			for _, want := range r.wants {
				require.ErrorContains(t, err, want)
			}
			for _, secret := range []string{"0123456789abcdef", "u:pw@"} {
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

func TestOtherVariablesAreNobodysBusiness(t *testing.T) {
	_, err := load(t, "", []string{"HOTSEAT_TEST_DATABASE_URL=x", "HOTSEAT_SERVER=http://h", "HOTSEATS=1", "HOME=/root"})
	require.NoError(t, err)
}
