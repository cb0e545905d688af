package webhook_test

import (
	"encoding/json"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/relay/webhook"
	"github.com/hotseat-hub/hotseat/session"
)

var event = relay.Encode("https://hub.example", session.Event{Type: session.Started, Employee: "ada.l", Epoch: 1, N: 1})

// The standard's own library verifies what we sign.
func TestTheStandardsLibraryVerifiesOurSignature(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	p, err := webhook.New(secret, nil)
	require.NoError(t, err)
	header, body, wanted, err := p.Request(&event, time.Now())
	require.NoError(t, err)
	require.True(t, wanted)
	verifier, err := standard.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(body, header))
	require.Error(t, verifier.Verify(append(body, ' '), header))
	require.NotContains(t, header.Get("webhook-id"), ".", "what is signed is joined by dots")
	var sent struct{ ID, Type string }
	require.NoError(t, json.Unmarshal(body, &sent))
	require.Equal(t, event.ID, sent.ID)

	again, _, _, err := p.Request(&event, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, header.Get("webhook-id"), again.Get("webhook-id"), "a repeat is known by its id")
	require.NotEqual(t, header.Get("webhook-timestamp"), again.Get("webhook-timestamp"))
}

func TestASecretMayBeTextAndABadOneIsRefused(t *testing.T) {
	p, err := webhook.New("a secret as plain text", []string{session.Ended.String()})
	require.NoError(t, err)
	_, _, wanted, err := p.Request(&event, time.Now())
	require.NoError(t, err)
	require.False(t, wanted, "another type")
	_, err = webhook.New("whsec_canary!", nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary")
}

func TestAnAnswerIsAboutTheEventOrAboutTheReceiver(t *testing.T) {
	p, err := webhook.New("a secret as plain text", nil)
	require.NoError(t, err)
	for status, refuses := range map[int]bool{
		400: true, 409: true, 413: true, 415: true, 422: true, 401: false, 403: false, 404: false, 405: false, 408: false, 410: false, 425: false, 429: false,
		500: false, 503: false, 301: false, 307: false,
	} {
		require.Equal(t, refuses, p.Refuses(&outbound.Answer{Status: status}), status)
	}
}
