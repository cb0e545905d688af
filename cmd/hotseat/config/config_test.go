package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/hotseat-hub/hotseat/session"
)

// load parses args as flags and loads; file, when not empty, is the YAML file's content.
func load(t *testing.T, file string, environ []string, args ...string) (Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	Bind(flags)
	if file != "" {
		path := filepath.Join(t.TempDir(), "hotseat.yaml")
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
		args = append(args, "--config", path)
	}
	require.NoError(t, flags.Parse(args))
	return Load(flags, environ)
}

func TestNothingGivenMeansTheDefaults(t *testing.T) {
	c, err := load(t, "", nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	require.Equal(t, "127.0.0.1:9464", c.OpsListen)
	require.Equal(t, "embedded:./hotseat-data", c.Store)
	require.Equal(t, "./hotseat-data", c.DataDir())
	require.Equal(t, session.Policy{MaxSessions: 1, OnLimit: session.Takeover}, c.Policy())
	require.Equal(t,
		[]time.Duration{15 * time.Minute, 12 * time.Hour, 0, 5 * time.Second, 720 * time.Hour, time.Minute, 5 * time.Second, 20 * time.Second},
		[]time.Duration{c.AccessTokenLifetime, c.SessionLifetime, c.SessionIdle, c.MaxStaleness, c.HistoryRetention, c.DenyGrace, c.DrainDelay, c.DrainDuration})
	require.Equal(t, []string{"hotseat", "EdDSA", "auto", "auto", "info"}, []string{c.Audience, c.TokenAlg, c.Migrate, c.LogFormat, c.LogLevel})
	require.Empty(t, c.AdminKeys)
	require.False(t, c.Demo)
}

func TestFlagsAreStrongerThanTheEnvironmentThanTheFile(t *testing.T) {
	file := "listen: 127.0.0.1:1\naudience: file\nsession-lifetime: 1h\nmax-sessions: 3\n"
	env := []string{"HOTSEAT_LISTEN=127.0.0.1:2", "HOTSEAT_AUDIENCE=env", "PATH=/bin"}
	c, err := load(t, file, env, "--listen", "127.0.0.1:3")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:3", c.Listen)
	require.Equal(t, "env", c.Audience)
	require.Equal(t, time.Hour, c.SessionLifetime)
	require.Equal(t, 3, c.MaxSessions)
}

func TestAnEmptyVariableIsNotSet(t *testing.T) {
	c, err := load(t, "audience: file\n", []string{"HOTSEAT_AUDIENCE=", "HOTSEAT_ADMIN_KEY=", "HOTSEAT_ADMIN_KEY_FILE=", "HOTSEAT_CONFIG="})
	require.NoError(t, err)
	require.Equal(t, "file", c.Audience)
	require.Empty(t, c.AdminKeys)
}

func TestTheStateDirectoryOfSystemdHoldsTheStore(t *testing.T) {
	c, err := load(t, "", []string{"STATE_DIRECTORY=/var/lib/hotseat:/var/lib/other"})
	require.NoError(t, err)
	require.Equal(t, "embedded:/var/lib/hotseat", c.Store)
	require.Equal(t, "/var/lib/hotseat", c.DataDir())

	c, err = load(t, "", nil, "--store", "postgres://hub@db/hotseat")
	require.NoError(t, err)
	require.Equal(t, "./hotseat-data", c.DataDir())
}

func TestDemoHasItsOwnStoreAndNoDrainDelay(t *testing.T) {
	c, err := load(t, "", nil, "--demo")
	require.NoError(t, err)
	require.Equal(t, "embedded:./hotseat-demo", c.Store)
	require.Zero(t, c.DrainDelay)

	c, err = load(t, "", nil, "--demo", "--drain-delay", "2s", "--store", "embedded:hotseat-demo")
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, c.DrainDelay)
}

func TestListsMayBeRepeatedOrWrittenAsSequences(t *testing.T) {
	c, err := load(t, "", nil, "--allowed-origins", "https://A.example", "--allowed-origins", "http://b.example:5173, https://c.example:443")
	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example", "http://b.example:5173", "https://c.example"}, c.AllowedOrigins)

	c, err = load(t, "trusted-proxies: [10.1.2.3, 192.168.0.0/16]\nservice-key:\n- pos=0123456789abcdef\n", nil)
	require.NoError(t, err)
	require.Equal(t, "[10.1.2.3/32 192.168.0.0/16]", fmt.Sprint(c.TrustedProxies))
	require.Equal(t, []Key{{Name: "pos", Secret: "0123456789abcdef"}}, c.ServiceKeys)
}

func TestEverySecretMayComeFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	with := map[string][]string{"kafka-password": {"--kafka-sasl", "PLAIN", "--kafka-username", "hub"}}
	for i := range Table {
		s := &Table[i]
		if !s.Secret {
			continue
		}
		text := "ops=fedcba9876543210"
		if s.Name == "store" {
			text = "postgres://hub:pw@db/hotseat"
		}
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
		c, err := load(t, "", []string{s.Env() + "_FILE=" + path}, with[s.Name]...)
		require.NoError(t, err)
		require.Equal(t, text, c.texts[s.Name])

		_, err = load(t, "", []string{s.Env() + "_FILE=" + path, s.Env() + "=" + text})
		require.ErrorContains(t, err, "both set")
	}
}

func TestPrintIsAFileThatLoadsAgainAndShowsNoSecret(t *testing.T) {
	c, err := load(t, "audience: pos\n", []string{"HOTSEAT_STORE=postgres://hub:hunter22@db/hotseat?sslpassword=hunter33"},
		"--admin-key", "ops=0123456789abcdef,fedcba9876543210", "--allowed-origins", "https://a.example,https://b.example")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.Print(&out))
	text := out.String()
	for _, secret := range []string{"hunter22", "hunter33", "0123456789abcdef", "fedcba9876543210"} {
		require.NotContains(t, text, secret)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", c.AdminKeys, c.AdminKeys, c.AdminKeys), secret)
	}
	require.Contains(t, text, "postgres://hub:********@db/hotseat?sslpassword=********")
	require.Contains(t, text, "# HOTSEAT_STORE")
	require.Contains(t, text, "admin-key: ops=********,********  # --admin-key")
	require.Contains(t, text, "listen: 127.0.0.1:8080  # default")
	require.Regexp(t, `audience: pos  # .*hotseat\.yaml`, text)

	var tree map[string]any
	require.NoError(t, yamlv3.Unmarshal(out.Bytes(), &tree))
	require.Len(t, tree, len(Table))
	delete(tree, "admin-key") // masked, so not loadable
	again, err := yamlv3.Marshal(tree)
	require.NoError(t, err)
	second, err := load(t, string(again), nil)
	require.NoError(t, err)
	require.Equal(t, c.AllowedOrigins, second.AllowedOrigins)
}

func TestTheNearestNameIsTheOneMeant(t *testing.T) {
	for unknown, want := range map[string]string{
		"lisen": "listen", "max_sessions": "max-sessions", "MAX-SESSION": "max-sessions", "sesion-lifetime": "session-lifetime",
		"token": "", "qqqqqqqq": "",
	} {
		got := DidYouMean("", unknown, names())
		if want == "" {
			require.Empty(t, got, unknown)
		} else {
			require.Equal(t, ": did you mean "+want+"?", got, unknown)
		}
	}
}
