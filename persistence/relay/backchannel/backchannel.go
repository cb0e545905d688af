package backchannel

import (
	"net/http"
	"net/url"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
)

// Signer signs claims as a JWT of the given type.
type Signer interface {
	SignAs(typ string, claims any) (string, error)
}

// Protocol implements push.Protocol.
type Protocol struct {
	Signer   Signer
	Audience string // the relying party's client_id
	// ExternalSID puts the session's external_id, where it has one, into sid: the relying party knows
	// the session by that name.
	ExternalSID bool
}

// logoutType is `typ` of a logout token.
const logoutType = "logout+jwt"

// logoutEvent is the member of `events` that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// lifetime of a logout token: two minutes at most, section 2.4.
const lifetime = 2 * time.Minute

type claims struct {
	Issuer   string              `json:"iss"`
	Audience string              `json:"aud"`
	IssuedAt int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Subject  string              `json:"sub"`
	Session  string              `json:"sid"`
	Events   map[string]struct{} `json:"events"`
}

// Request implements push.Protocol.
func (p *Protocol) Request(e *relay.Event, now time.Time) (http.Header, []byte, bool, error) {
	if !e.Type.Ends() {
		return nil, nil, false, nil
	}
	sid := e.Session.ID.String()
	if p.ExternalSID && e.Session.ExternalID != "" {
		sid = e.Session.ExternalID
	}
	token, err := p.Signer.SignAs(logoutType, claims{
		Issuer: e.Source, Audience: p.Audience, IssuedAt: now.Unix(), Expires: now.Add(lifetime).Unix(),
		ID: relay.TokenID("logout", p.Audience, e.ID), Subject: string(e.Employee), Session: sid,
		Events: map[string]struct{}{logoutEvent: {}},
	})
	if err != nil {
		return nil, nil, false, err
	}
	form := url.Values{"logout_token": {token}}.Encode()
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form), true, nil
}

// Refuses implements push.Protocol: the token was not taken, section 2.8.
func (p *Protocol) Refuses(a *outbound.Answer) bool { return a.Status == http.StatusBadRequest }
