package api

import (
	"errors"
	"strings"

	"github.com/hotseat-hub/hotseat/api/token"
)

// role says who may call a route.
type role uint8

// The roles. Nothing else is let in.
const (
	public  role = iota // anyone
	gateway             // an access token that the handler checks itself: authz, and those that ask to be told
	bearer              // an access token whose session lives, by the store
	service             // a service key, or an admin key
	admin               // an admin key
	client              // as service, also as HTTP Basic, and refused by RFC 6749
)

func (r role) String() string {
	return [...]string{"public", "gateway", "session", "service", "admin", "client"}[r]
}

// authenticate lets a request in, or says why not.
func (r role) authenticate(x *exchange) error {
	switch r {
	case public, gateway:
		return nil
	case bearer:
		return x.authenticateSession()
	case service, admin:
		return x.authenticateKey(r)
	case client:
		return x.authenticateClient()
	}
	panic("api: a route without a role")
}

// credential is the bearer token of the request, RFC 6750 section 2.1.
func (x *exchange) credential() (string, error) {
	sent := x.r.Header["Authorization"]
	switch {
	case len(sent) == 0:
		return "", errNoCredential
	case len(sent) > 1:
		return "", invalidToken("more than one Authorization header")
	}
	scheme, credential, _ := strings.Cut(sent[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoCredential
	}
	if credential = strings.TrimLeft(credential, " "); credential == "" {
		return "", errNoCredential
	}
	return credential, nil
}

// verifyOwn checks the request's access token as such. With token.ErrExpired the claims are given.
func (x *exchange) verifyOwn() (*token.Claims, error) {
	credential, err := x.credential()
	if err != nil {
		return nil, err
	}
	claims, err := x.o.Tokens.Verify(credential)
	if errors.Is(err, token.ErrInvalid) && x.keys.find(credential) != nil {
		return nil, insufficientScope("this path takes an access token, not a key")
	}
	return claims, err
}

// authenticateSession asks the store whether the token's session lives. A session that has ended is
// said to have, even by a token that has expired: the terminal should show why.
func (x *exchange) authenticateSession() error {
	claims, verdict := x.verify()
	if claims == nil {
		return verdict
	}
	row, err := x.o.Rows.Load(x.r.Context(), claims.Key)
	if err != nil {
		return err
	}
	s, err := row.Valid(claims.Session, claims.Epoch, x.o.Clock.Now())
	if err != nil {
		return err
	}
	x.claims, x.row, x.session = claims, &row, s
	return verdict
}

func (x *exchange) authenticateKey(want role) error {
	credential, err := x.credential()
	if err != nil {
		return err
	}
	x.key = x.keys.find(credential)
	switch {
	case x.key == nil:
		if _, err := x.o.Tokens.Verify(credential); err == nil {
			return insufficientScope("this path takes a key (" + want.String() + "), not an access token")
		}
		return invalidToken("no such key")
	case want == admin && !x.key.admin:
		return insufficientScope("this path takes an admin key")
	}
	return nil
}
