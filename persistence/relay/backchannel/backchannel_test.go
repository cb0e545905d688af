package backchannel_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/backchannel"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/session"
)

// signer shows what it was given.
type signer struct{}

func (signer) SignAs(typ string, claims any) (string, error) {
	text, err := json.Marshal(map[string]any{"typ": typ, "claims": claims})
	return string(text), err
}

func request(t *testing.T, p *backchannel.Protocol, e session.Event, now time.Time) (string, bool) {
	t.Helper()
	event := relay.Encode("https://hub.example", e)
	header, body, wanted, err := p.Request(&event, now)
	require.NoError(t, err)
	if !wanted {
		return "", false
	}
	require.Equal(t, "application/x-www-form-urlencoded", header.Get("Content-Type"))
	form, err := url.ParseQuery(string(body))
	require.NoError(t, err)
	return form.Get("logout_token"), true
}

var ended = session.Event{
	Type: session.Ended, Employee: "ada", Epoch: 2, N: 1, Session: session.Session{ID: session.ID{1}, ExternalID: "keycloak-sid"},
}

func TestALogoutTokenIsAsTheStandardWritesIt(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	token, wanted := request(t, &backchannel.Protocol{Signer: signer{}, Audience: "portal"}, ended, now)
	require.True(t, wanted)
	require.JSONEq(t, `{"typ":"logout+jwt","claims":{"iss":"https://hub.example","aud":"portal","iat":1750000000,"exp":1750000120,
		"jti":"`+relay.TokenID("logout", "portal", "ada/2/1")+`","sub":"ada","sid":"01000000-0000-0000-0000-000000000000",
		"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}}`, token)
	require.NotContains(t, token, "nonce")
}

func TestASessionMayGoByItsNameElsewhere(t *testing.T) {
	p := &backchannel.Protocol{Signer: signer{}, Audience: "portal", ExternalSID: true}
	token, _ := request(t, p, ended, time.Now())
	require.Contains(t, token, `"sid":"keycloak-sid"`)
	nameless := ended
	nameless.Session.ExternalID = ""
	token, _ = request(t, p, nameless, time.Now())
	require.Contains(t, token, `"sid":"01000000-`)
}

func TestOnlyEndingsAreLogouts(t *testing.T) {
	p := &backchannel.Protocol{Signer: signer{}, Audience: "portal"}
	for typ, want := range map[session.EventType]bool{
		session.Started: false, session.Terminated: true, session.Ended: true, session.Expired: true, session.EmployeeLocked: false, session.EmployeeUnlocked: false,
	} {
		_, wanted := request(t, p, session.Event{Type: typ, Employee: "ada", Session: session.Session{ID: session.ID{1}}}, time.Now())
		require.Equal(t, want, wanted, typ.String())
	}
	require.True(t, p.Refuses(&outbound.Answer{Status: 400}))
	require.False(t, p.Refuses(&outbound.Answer{Status: 501}))
}
