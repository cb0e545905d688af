package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEventsGoNowhereUnlessToldTo(t *testing.T) {
	c, err := load(t, "", nil)
	require.NoError(t, err)
	require.Equal(t, Events{Topic: "hotseat.session-events", SASL: "none"}, c.Events)
}

func TestTheDevelopmentBrokerHasAnAddressOfItsOwnOrOneThatIsGiven(t *testing.T) {
	for args, want := range map[string]string{
		"--dev-kafka": "127.0.0.1:9092", "--dev-kafka=127.0.0.1:9999": "127.0.0.1:9999", "--dev-kafka=false": "", "--dev-kafka=[::1]:9": "[::1]:9",
	} {
		c, err := load(t, "", nil, args)
		require.NoError(t, err, args)
		require.Equal(t, want, c.Events.Dev, args)
	}
	c, err := load(t, "dev-kafka: true\n", nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:9092", c.Events.Dev)
}

func TestWhatIsWrongTogetherAboutEventsIsSaid(t *testing.T) {
	for text, args := range map[string][]string{
		"loopback only":     {"--dev-kafka=0.0.0.0:9092"},
		"broker itself":     {"--dev-kafka", "--kafka-brokers", "b:1"},
		"neither TLS nor":   {"--dev-kafka", "--kafka-tls"},
		"go together":       {"--kafka-username", "hub"},
		"it needs":          {"--kafka-sasl", "PLAIN", "--kafka-username", "hub"},
		"one is missing":    {"--kafka-cert", "x"},
		"TLS is off":        {"--kafka-ca", "x"},
		"is not host:port":  {"--kafka-brokers", "b"},
		"can only extend":   {"--event-retention-max", "1h"},
		"did you mean":      {"--kafka-sasl", "SCRAM-SHA-255"},
		"neither true nor ": {"--kafka-tls=maybe"},
	} {
		_, err := load(t, "", nil, args...)
		require.ErrorContains(t, err, text, args)
	}
}

func TestReceiversAreReadFromTheFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("whsec_canary-secret-of-the-shop\n"), 0o600))
	c, err := load(t, `
max-sessions: 2
receivers:
- {name: lines, kind: stdout, from-start: true}
- name: shop
  kind: webhook
  url: https://shop.example/hook
  secret-file: `+secret+`
  events: [hotseat.session.ended.v1]
  give-up: 24h
- {name: idp, kind: caep-push, url: "http://10.1.2.3/events", audience: idp, secret: Bearer abc, allow-networks: [10.0.0.0/8]}
- {name: poller, kind: caep-poll, audience: poller, secret: sixteen-characters}
- {name: portal, kind: backchannel-logout, url: "https://portal.example/logout", audience: portal, external-sid: true}
`, nil)
	require.NoError(t, err)
	require.Equal(t, 2, c.MaxSessions)
	require.Equal(t, []Receiver{
		{Name: "lines", Kind: Stdout, FromStart: true, GiveUp: 72 * time.Hour},
		{Name: "shop", Kind: Webhook, URL: "https://shop.example/hook", Secret: "whsec_canary-secret-of-the-shop", Events: []string{"hotseat.session.ended.v1"}, GiveUp: 24 * time.Hour},
		{Name: "idp", Kind: CAEPPush, URL: "http://10.1.2.3/events", Audience: "idp", Secret: "Bearer abc", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, GiveUp: 72 * time.Hour},
		{Name: "poller", Kind: CAEPPoll, Audience: "poller", Secret: "sixteen-characters", GiveUp: 72 * time.Hour},
		{Name: "portal", Kind: BackChannel, URL: "https://portal.example/logout", Audience: "portal", ExternalSID: true, GiveUp: 72 * time.Hour},
	}, c.Events.Receivers)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c.Events.Receivers, c.Events.Receivers, c.Events.Receivers), "canary")
}

func TestAWrongReceiverIsNamedWithoutItsSecret(t *testing.T) {
	for text, item := range map[string]string{
		"did you mean secret?":       `{name: a, kind: stdout, secrt: x}`,
		"did you mean webhook?":      `{name: a, kind: webhok}`,
		"url is missing":             `{name: a, kind: webhook, secret: canary-secret-1234}`,
		"has no url":                 `{name: a, kind: stdout, url: "https://x.example"}`,
		"at least 16":                `{name: a, kind: webhook, url: "https://x.example", secret: canary}`,
		"audience is missing":        `{name: a, kind: caep-push, url: "https://x.example"}`,
		"plain http":                 `{name: a, kind: webhook, url: "http://x.example", secret: canary-secret-1234}`,
		"without user":               `{name: a, kind: webhook, url: "https://u:canary@x.example", secret: canary-secret-1234}`,
		"no type of events":          `{name: a, kind: stdout, events: [hotseat.session.ended]}`,
		"cannot be chosen":           `{name: a, kind: caep-poll, audience: a, secret: canary-secret-1234, events: [hotseat.session.ended.v1]}`,
		"not an address or network":  `{name: a, kind: stdout, allow-networks: [home]}`,
		"not a duration of a minute": `{name: a, kind: stdout, give-up: 1s}`,
		"must be 1 to 32":            `{name: kafka, kind: stdout}`,
		"another receiver's name":    "{name: a, kind: stdout}\n- {name: a, kind: stdout}",
		"not a mapping":              `stdout`,
		"want true or false":         `{name: a, kind: stdout, from-start: perhaps}`,
		"secret is given as well":    `{name: a, kind: stdout, secret: canary, secret-file: /dev/null}`,
		"want a text":                `{name: 7, kind: stdout}`,
		"want a list of texts":       `{name: a, kind: stdout, events: all}`,
		"no such file":               `{name: a, kind: stdout, secret-file: /nonexistent}`,
	} {
		_, err := load(t, "receivers:\n- "+item+"\n", nil)
		require.ErrorContains(t, err, text, item)
		require.NotContains(t, err.Error(), "canary")
	}
	_, err := load(t, "receivers: all\n", nil)
	require.ErrorContains(t, err, "want a list")
	_, err = load(t, "recievers: []\n", nil)
	require.ErrorContains(t, err, "did you mean receivers?")
}
