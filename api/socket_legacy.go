package api

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// compat says to the hub that this server speaks the original's protocol too.
func (g *Gate) compat(v hub.Verdict) hub.Verdict {
	if g.o.Compat != nil {
		v.Compat = true
		if v.Seat != nil {
			v.Seat.Compat = true
		}
	}
	return v
}

// bare takes the id of a terminal that this server made for a credential. With any other id the
// socket may still bring a token.
func (g *Gate) bare(ctx context.Context, r *hub.Request) hub.Verdict {
	seat, err := g.o.Compat.At(ctx, session.TerminalID(r.TerminalID))
	switch {
	case err != nil:
		return g.refuse(r, errUnavailable, hub.CloseTryLater)
	case seat == nil:
		return hub.Verdict{Await: true}
	}
	v := g.seated(seat, session.TerminalID(r.TerminalID))
	if v.Seat != nil {
		v.Seat.Bare = true
	}
	return v
}

// legacy judges the original's token.
func (g *Gate) legacy(ctx context.Context, r *hub.Request, credential string) hub.Verdict {
	token, err := g.o.Compat.Tokens.Parse(credential)
	switch {
	case err != nil:
		return g.refuse(r, invalidToken("the token is malformed, forged or not for this server"), hub.CloseBadToken)
	case string(token.Terminal) != r.TerminalID:
		return g.wrongTerminal(r)
	}
	seat, err := g.o.Compat.Of(ctx, credential)
	switch {
	case errors.Is(err, compat.ErrNotOurs) || err == nil && seat == nil:
		return g.refuse(r, invalidToken("nobody knows the token's terminal any more"), hub.CloseBadToken)
	case err != nil:
		return g.refuse(r, errUnavailable, hub.CloseTryLater)
	case g.o.Clock.Now() >= seat.Expires && seat.Session != nil:
		return g.refuse(r, errTokenExpired, hub.CloseBadToken) // it cannot be refreshed
	}
	return g.seated(seat, token.Terminal)
}

// seated is the verdict on a session that is, or that has ended.
func (g *Gate) seated(at *compat.Seat, terminal session.TerminalID) hub.Verdict {
	row, now := &at.Row, g.o.Clock.Now()
	id, epoch := at.Ended, session.Epoch(0)
	if at.Session != nil {
		id, epoch = at.Session.ID, at.Session.Epoch
	}
	_, err := row.Valid(id, epoch, now)
	var ended *session.TerminatedError
	if errors.As(err, &ended) {
		ended.Notice.Terminal = terminal // the row may have forgotten where
		return hub.Verdict{Terminated: &ended.Notice}
	}
	return hub.Verdict{Seat: &hub.Seat{
		Key: row.ID.Key(), Employee: row.ID, Session: id, Terminal: terminal, Epoch: epoch,
	}}
}
