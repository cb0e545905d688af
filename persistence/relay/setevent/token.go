package setevent

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/relay/push"
	"github.com/hotseat-hub/hotseat/session"
)

// Signer signs claims as a JWT of the given type.
type Signer interface {
	SignAs(typ string, claims any) (string, error)
}

const (
	// setType is `typ` of a security event token.
	setType = "secevent+jwt"
	// SessionRevoked is CAEP's event.
	SessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	verification   = "https://schemas.openid.net/secevent/ssf/event-type/verification"
)

// claims of a token: neither sub nor exp, which SSF forbids.
type claims struct {
	Issuer   string         `json:"iss"`
	Audience string         `json:"aud"`
	IssuedAt int64          `json:"iat"`
	ID       string         `json:"jti"`
	Subject  any            `json:"sub_id"`
	Events   map[string]any `json:"events"`
}

type (
	complexSubject struct {
		Format  string        `json:"format"`
		Session opaqueSubject `json:"session"`
		User    issuerSubject `json:"user"`
	}
	opaqueSubject struct {
		Format string `json:"format"`
		ID     string `json:"id"`
	}
	issuerSubject struct {
		Format  string `json:"format"`
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}
)

// revoked is the payload of a session-revoked event.
type revoked struct {
	At         int64             `json:"event_timestamp"` // seconds
	Initiating string            `json:"initiating_entity"`
	Reason     map[string]string `json:"reason_admin"` // by language
}

// initiators say who ended a session, in CAEP's words.
var initiators = map[session.Reason]string{
	session.ReasonNewLogin: "user", session.ReasonLogout: "user", session.ReasonAdmin: "admin", session.ReasonLocked: "admin",
	session.ReasonExpired: "policy", session.ReasonTokenReuse: "policy",
}

// tokenID is the jti of an event's token.
func tokenID(audience, event string) string { return relay.TokenID("set", audience, event) }

// revocation are the claims of an ending.
func revocation(e *relay.Event, audience string, now time.Time) claims {
	who := initiators[e.Reason]
	if who == "" {
		who = "system"
	}
	return claims{
		Issuer: e.Source, Audience: audience, IssuedAt: now.Unix(), ID: tokenID(audience, e.ID),
		Subject: complexSubject{
			Format:  "complex",
			Session: opaqueSubject{"opaque", e.Session.ID.String()},
			User:    issuerSubject{"iss_sub", e.Source, string(e.Employee)},
		},
		Events: map[string]any{SessionRevoked: revoked{
			At: int64(e.At) / 1000, Initiating: who, Reason: map[string]string{"en": e.Reason.String()},
		}},
	}
}

// Push implements push.Protocol for RFC 8935.
type Push struct {
	Signer   Signer
	Audience string
	// Authorization is the header's whole value; empty: none.
	Authorization string
}

// Request implements push.Protocol.
func (p *Push) Request(e *relay.Event, now time.Time) (http.Header, []byte, bool, error) {
	if !e.Type.Ends() {
		return nil, nil, false, nil
	}
	token, err := p.Signer.SignAs(setType, revocation(e, p.Audience, now))
	if err != nil {
		return nil, nil, false, err
	}
	header := http.Header{"Content-Type": {"application/secevent+jwt"}, "Accept": {"application/json"}}
	if p.Authorization != "" {
		header.Set("Authorization", p.Authorization)
	}
	return header, []byte(token), true, nil
}

// Refuses implements push.Protocol: of RFC 8935's errors only invalid_request is about the token. The
// others say that the two sides are set up differently, which somebody can mend.
func (p *Push) Refuses(a *outbound.Answer) bool {
	var said struct {
		Err string `json:"err"`
	}
	if a.Status == http.StatusBadRequest && json.Unmarshal(a.Body, &said) == nil && said.Err != "" {
		return said.Err == "invalid_request"
	}
	return push.Permanent(a.Status)
}
