package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// bearerProtocol begins the subprotocol by which a page shows its token, since it can set no header.
const bearerProtocol = "hotseat.bearer."

// GateOptions joins a Gate to its surroundings.
type GateOptions struct {
	Tokens         *token.Tokens
	Rows           Rows
	Clock          Clock
	PublicURL      string         // as in Options
	AllowedOrigins []string       // as in Options
	TrustedProxies []netip.Prefix // as in Options
	LoopbackOnly   bool           // as in Options
	Compat         *compat.Seats  // as in Options
}

// Gate judges who may have a socket: by the page that asks, by the credential, and by the terminal.
// Whether the credential's session lives is for the owner to say, when the socket is announced to
// it; only for an expired token it is asked here, since no owner is ever shown one. Any goroutine
// may call its methods.
type Gate struct {
	o       GateOptions
	origins origins
}

var _ hub.Gate = (*Gate)(nil)

// NewGate returns a Gate.
func NewGate(o GateOptions) (*Gate, error) {
	origins, err := newOrigins(o.PublicURL, o.AllowedOrigins)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	return &Gate{o: o, origins: origins}, nil
}

// Admit implements hub.Gate. The credentials are tried in the contract's order; the first that is
// there counts, however bad.
func (g *Gate) Admit(ctx context.Context, r *hub.Request) hub.Verdict {
	v := g.admit(ctx, r)
	if v.Await && g.o.Compat != nil {
		v = g.bare(ctx, r)
	}
	return g.compat(v)
}

func (g *Gate) admit(ctx context.Context, r *hub.Request) hub.Verdict {
	if g.o.LoopbackOnly && !loopback(r.Host) {
		return g.refuse(r, errNotLoopback, hub.CloseOrigin)
	}
	if !g.ownPage(r) {
		return g.refuse(r, &problem{
			status: http.StatusForbidden, code: "origin_not_allowed",
			detail: "pages of this origin may not open sockets here; list the origin in --allowed-origins",
		}, hub.CloseOrigin)
	}
	if scheme, credential, ok := strings.Cut(r.Authorization, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return g.judge(ctx, r, strings.TrimLeft(credential, " "))
	}
	if r.Query != "" {
		return g.judgeTicket(r)
	}
	for _, protocol := range r.Protocols {
		if credential, ok := strings.CutPrefix(protocol, bearerProtocol); ok {
			return g.judge(ctx, r, credential)
		}
	}
	return hub.Verdict{Await: true}
}

// Authenticate implements hub.Gate. The socket is open, so every refusal is a close code.
func (g *Gate) Authenticate(ctx context.Context, r *hub.Request, credential string) hub.Verdict {
	open := *r
	if open.Origin == "" {
		open.Origin = "none" // answered like a page
	}
	return g.compat(g.judge(ctx, &open, credential))
}

// ownPage reports whether no page of a foreign origin asks. What is not a browser sends no Origin.
func (g *Gate) ownPage(r *hub.Request) bool {
	if r.Origin == "" {
		return true
	}
	scheme := "http"
	if r.TLS || forwardedTLS(r, g.o.TrustedProxies) {
		scheme = "https"
	}
	return g.origins.admits(r.Origin, scheme, r.Host)
}

func forwardedTLS(r *hub.Request, trusted []netip.Prefix) bool {
	if !within(trusted, r.Remote.Unmap()) {
		return false
	}
	said := r.Header("X-Forwarded-Proto")
	return len(said) == 1 && strings.EqualFold(said[0], "https")
}

func (g *Gate) judge(ctx context.Context, r *hub.Request, credential string) hub.Verdict {
	claims, err := g.o.Tokens.Verify(credential)
	switch {
	case errors.Is(err, token.ErrUnknownKey):
		return g.refuse(r, problemOf(err), hub.CloseTryLater)
	case claims == nil && errors.Is(err, token.ErrExpired): // its key was withdrawn
		return g.refuse(r, errTokenExpired, hub.CloseTokenExpired)
	case claims == nil && g.o.Compat != nil:
		return g.legacy(ctx, r, credential)
	case claims == nil:
		return g.refuse(r, problemOf(token.ErrInvalid), hub.CloseBadToken)
	case string(claims.Terminal) != r.TerminalID:
		return g.wrongTerminal(r)
	case err != nil:
		return g.judgeExpired(ctx, r, claims)
	}
	return hub.Verdict{Seat: &hub.Seat{
		Key: claims.Key, Employee: claims.Employee, Session: claims.Session, Terminal: claims.Terminal, Epoch: claims.Epoch,
	}}
}

// judgeExpired tells an expired token of a live session, which should be refreshed, from one whose
// session has ended, which should be told so.
func (g *Gate) judgeExpired(ctx context.Context, r *hub.Request, c *token.Claims) hub.Verdict {
	row, err := g.o.Rows.Load(ctx, c.Key)
	if err != nil {
		return g.refuse(r, errUnavailable, hub.CloseTryLater)
	}
	_, err = row.Valid(c.Session, c.Epoch, g.o.Clock.Now())
	var ended *session.TerminatedError
	switch {
	case errors.As(err, &ended):
		if ended.Notice.Terminal == "" {
			ended.Notice.Terminal = c.Terminal // forgotten by the row, known to the token
		}
		return hub.Verdict{Terminated: &ended.Notice}
	case err != nil:
		return g.refuse(r, problemOf(err), hub.CloseBadToken)
	}
	return g.refuse(r, errTokenExpired, hub.CloseTokenExpired)
}

func (g *Gate) judgeTicket(r *hub.Request) hub.Verdict {
	ticket, err := g.o.Tokens.ParseTicket(r.Query)
	switch {
	case errors.Is(err, session.ErrTicketSpent):
		return g.refuse(r, invalidToken("the ticket has expired; get another"), hub.CloseTicketSpent)
	case err != nil:
		return g.refuse(r, invalidToken("the ticket is malformed or not of this server"), hub.CloseBadToken)
	case string(ticket.Terminal) != r.TerminalID:
		return g.wrongTerminal(r)
	}
	return hub.Verdict{Seat: &hub.Seat{
		Key: ticket.Employee.Key(), Employee: ticket.Employee, Session: ticket.Session,
		Terminal: ticket.Terminal, Epoch: ticket.Epoch, Ticket: &ticket.Ticket,
	}}
}

func (g *Gate) wrongTerminal(r *hub.Request) hub.Verdict {
	return g.refuse(r, invalidToken("the credential is for another terminal than the path's"), hub.CloseTerminal)
}

// refuse answers a page by accepting, one error and a close code, because it cannot read a refused
// handshake, and anything else by plain HTTP.
func (g *Gate) refuse(r *hub.Request, p *problem, code hub.CloseCode) hub.Verdict {
	if r.Origin != "" {
		return hub.Verdict{Close: code, Code: p.code, Message: p.detail}
	}
	header := http.Header{}
	p.header(header)
	header.Del("Retry-After") // the verdict's own field
	id := newRequestID()
	if sent := r.Header("X-Request-Id"); len(sent) == 1 && validRequestID(sent[0]) {
		id = sent[0]
	}
	header["X-Request-Id"] = []string{id}
	return hub.Verdict{Status: p.status, Problem: p.body(id), Header: header, RetryAfter: p.retryAfter}
}
