package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// The routes that speak OAuth: form encoding in, RFC 6749's errors out.

// oauth turns what a handler refuses into RFC 6749's form.
func oauth(handle func(*exchange) error) func(*exchange) error {
	return func(x *exchange) error {
		if err := handle(x); err != nil {
			return oauthProblem(err)
		}
		return nil
	}
}

// oauthProblem is the error in RFC 6749's words.
func oauthProblem(err error) *problem {
	p := *problemOf(err)
	switch {
	case p.oauth != "":
	case p.status == http.StatusUnauthorized || p.status == http.StatusForbidden:
		p.status, p.oauth = http.StatusUnauthorized, "invalid_client"
	case p.status == http.StatusServiceUnavailable:
		p.oauth = "temporarily_unavailable"
	case p.status >= 500:
		p.oauth = "server_error"
	default:
		p.oauth = "invalid_request"
	}
	return &p
}

func (p *problem) oauthBody() []byte {
	b, err := json.Marshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{p.oauth, p.detail})
	if err != nil {
		panic("api: two strings do not marshal: " + err.Error())
	}
	return b
}

// authenticateClient takes a service or admin key as Bearer, or as Basic with the key's name, both
// form-encoded first as RFC 6749 section 2.3.1 has it.
func (x *exchange) authenticateClient() error {
	name, pass, basic := x.r.BasicAuth()
	if !basic {
		if err := x.authenticateKey(service); err != nil {
			return oauthProblem(err)
		}
		return nil
	}
	name, badName := url.QueryUnescape(name)
	pass, badPass := url.QueryUnescape(pass)
	key := x.keys.find(pass)
	if key == nil || badName != nil || badPass != nil || key.name != name || len(x.r.Header["Authorization"]) > 1 {
		return oauthProblem(invalidToken("no such key, or not of this name"))
	}
	x.key = key
	return nil
}

// form reads the request's form. A parameter that comes twice is refused (RFC 6749 section 3.2);
// unknown ones are not looked at.
func (x *exchange) form() (url.Values, error) {
	b, err := x.bodyOf("application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, invalidRequest("the form is malformed")
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, invalidRequest("parameter %q is there twice", shorten(name))
		}
	}
	if form.Get("token") == "" {
		return nil, invalidRequest("token must be given")
	}
	return form, nil
}

// introspection is an active access token, RFC 7662 section 2.2.
type introspection struct {
	Active    bool               `json:"active"`
	Scope     string             `json:"scope"`
	Client    string             `json:"client_id"`
	Username  session.EmployeeID `json:"username"`
	TokenType string             `json:"token_type"`
	ExpiresAt int64              `json:"exp"` // seconds
	IssuedAt  int64              `json:"iat"` // seconds
	Subject   session.EmployeeID `json:"sub"`
	Audience  string             `json:"aud"`
	Issuer    string             `json:"iss"`
	ID        string             `json:"jti"`
	Session   session.ID         `json:"sid"`
	Terminal  session.TerminalID `json:"terminal_id"`
	Epoch     session.Epoch      `json:"epoch"`
}

// tokenScope is what every access token is good for: to act as its session.
const tokenScope = "session"

// introspect is POST /oauth2/introspect, answered by the store. Whatever is dead, unknown or no
// access token is exactly {"active":false}: a refresh token that was called active would be taken
// for an access token.
func (x *exchange) introspect() error {
	form, err := x.form()
	if err != nil {
		return err
	}
	claims, err := x.o.Tokens.Verify(form.Get("token"))
	if errors.Is(err, token.ErrUnknownKey) {
		return err
	}
	var lives *session.Session
	if err == nil {
		row, err := x.o.Rows.Load(x.r.Context(), claims.Key)
		if err != nil {
			return err
		}
		lives, _ = row.Valid(claims.Session, claims.Epoch, x.o.Clock.Now())
	}
	if lives == nil {
		return x.reply(http.StatusOK, struct {
			Active bool `json:"active"`
		}{})
	}
	return x.reply(http.StatusOK, introspection{
		Active: true, Scope: tokenScope, Client: claims.Client, Username: claims.Employee, TokenType: "Bearer",
		ExpiresAt: int64(claims.ExpiresAt / 1000), IssuedAt: int64(claims.IssuedAt / 1000), Subject: claims.Employee,
		Audience: x.o.Tokens.Audience(), Issuer: x.o.Tokens.Issuer(), ID: token.JTI(form.Get("token")),
		Session: claims.Session, Terminal: claims.Terminal, Epoch: claims.Epoch,
	})
}

// revoke is POST /oauth2/revoke. Either token ends the whole session, as a logout; an expired access
// token does too, since whoever revokes it wants the session gone. What is unknown or has ended is
// revoked already.
func (x *exchange) revoke() error {
	form, err := x.form()
	if err != nil {
		return err
	}
	key, id, err := x.sessionOf(form.Get("token"))
	if err == nil {
		_, err = x.do(key, session.End{Deadline: x.deadline(), Session: id, Reason: session.ReasonLogout, Actor: x.key.name})
	}
	switch {
	case err == nil, errors.Is(err, token.ErrInvalid), errors.Is(err, token.ErrExpired),
		errors.Is(err, session.ErrTerminated), errors.Is(err, session.ErrNotFound):
		x.w.Header()["Cache-Control"] = noStore
		return nil // 200 and no body
	}
	return err
}

// sessionOf is the session of an access or refresh token that was made here.
func (x *exchange) sessionOf(sent string) (session.Key, session.ID, error) {
	if refresh, err := x.o.Tokens.ParseRefresh(sent); err == nil {
		return refresh.Key, refresh.Session, nil
	}
	if _, err := x.o.Tokens.ParseTicket(sent); err == nil || errors.Is(err, session.ErrTicketSpent) {
		return "", session.ID{}, &problem{
			status: http.StatusBadRequest, code: "invalid_request", oauth: "unsupported_token_type",
			detail: "a ticket cannot be revoked; it dies by itself within seconds",
		}
	}
	claims, err := x.o.Tokens.Verify(sent)
	if claims == nil {
		return "", session.ID{}, err
	}
	return claims.Key, claims.Session, nil
}
