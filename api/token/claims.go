package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hotseat-hub/hotseat/session"
)

// What is wrong with a credential.
var (
	// ErrInvalid: certainly bad, here and on every node, now and later.
	ErrInvalid = errors.New("invalid token")
	// ErrExpired: rightly signed, and past its time; or, without claims, signed with a key that is
	// not believed any more. Its bearer should refresh.
	ErrExpired = errors.New("token expired")
	// ErrUnknownKey: signed, or so it says, by a key that this node has not seen. It asks the
	// store for new keys; the caller should come back.
	ErrUnknownKey = errors.New("signing key not known here yet")
)

// Claims are what an access token says.
type Claims struct {
	Employee  session.EmployeeID
	Key       session.Key // of Employee
	Client    string
	Session   session.ID
	Terminal  session.TerminalID
	Epoch     session.Epoch
	IssuedAt  session.Time
	ExpiresAt session.Time
}

// wire is the claims set of RFC 9068 with ours. Pointers tell an absent claim from a zero.
type wire struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Client    string   `json:"client_id"`
	ExpiresAt *int64   `json:"exp"`
	IssuedAt  *int64   `json:"iat"`
	ID        string   `json:"jti"`
	Session   string   `json:"sid"`
	Terminal  string   `json:"terminal_id"`
	Epoch     *uint64  `json:"epoch"`
}

// audience is one string when it is one, as most readers expect, and a list otherwise.
type audience []string

func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

func (a audience) has(name string) bool {
	for _, one := range a {
		if one == name {
			return true
		}
	}
	return false
}

// claims checks what does not depend on the time and converts.
func (w *wire) claims(issuer, aud string) (*Claims, error) {
	switch {
	case w.Issuer != issuer:
		return nil, fmt.Errorf("iss is not this server's: %w", ErrInvalid)
	case !w.Audience.has(aud):
		return nil, fmt.Errorf("aud is not this server's: %w", ErrInvalid)
	case w.ExpiresAt == nil || w.IssuedAt == nil || w.Epoch == nil:
		return nil, fmt.Errorf("exp, iat and epoch must be there: %w", ErrInvalid)
	case w.ID == "" || w.Client == "":
		return nil, fmt.Errorf("jti and client_id must be there: %w", ErrInvalid)
	case *w.ExpiresAt < 0 || *w.ExpiresAt > maxSeconds || *w.IssuedAt < 0 || *w.IssuedAt > maxSeconds:
		return nil, fmt.Errorf("exp or iat is out of range: %w", ErrInvalid)
	}
	employee, err := session.ParseEmployeeID(w.Subject)
	if err != nil {
		return nil, fmt.Errorf("sub: %w", ErrInvalid)
	}
	id, err := session.ParseID(w.Session)
	if err != nil {
		return nil, fmt.Errorf("sid: %w", ErrInvalid)
	}
	terminal, err := session.ParseTerminalID(w.Terminal)
	if err != nil {
		return nil, fmt.Errorf("terminal_id: %w", ErrInvalid)
	}
	return &Claims{
		Employee: employee, Key: employee.Key(), Client: strings.Clone(w.Client), Session: id,
		Terminal: terminal, Epoch: session.Epoch(*w.Epoch),
		IssuedAt:  session.Time(*w.IssuedAt * 1000),
		ExpiresAt: session.Time(*w.ExpiresAt * 1000),
	}, nil
}

// JTI is the jti of a token that was verified: it is no part of Claims, which the cache keeps,
// because nearly no request asks for it.
func JTI(verified string) string {
	var w wire
	if parts := strings.Split(verified, "."); len(parts) == 3 {
		if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(payload, &w) // it was read before
		}
	}
	return w.ID
}

// maxSeconds keeps seconds that become milliseconds inside an int64, with room.
const maxSeconds = 1 << 40

// unverified lets the JWT library decode a wire; the checks are claims and Verify, not its own.
type unverified struct{ wire }

// The library asks claims for these only when it validates them itself, which it is told not to.
func (*unverified) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (*unverified) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (*unverified) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (*unverified) GetIssuer() (string, error)                   { return "", nil }
func (*unverified) GetSubject() (string, error)                  { return "", nil }
func (*unverified) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }
