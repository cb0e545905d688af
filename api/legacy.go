package api

import (
	"errors"

	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// verify is verifyOwn, and under --compat-pos takes the original's token as well. Such a token
// says only where it is from, so the store is asked what sits there; a session that has ended is
// found to have, whoever asks.
func (x *exchange) verify() (*token.Claims, error) {
	claims, err := x.verifyOwn()
	if claims != nil || x.o.Compat == nil || !errors.Is(err, token.ErrInvalid) {
		return claims, err
	}
	credential, err := x.credential()
	if err != nil {
		return nil, err
	}
	seat, err := x.o.Compat.Of(x.r.Context(), credential)
	if err != nil || seat == nil {
		if err == nil || errors.Is(err, compat.ErrNotOurs) {
			err = token.ErrInvalid
		}
		return nil, err
	}
	claims, err = legacyClaims(seat)
	if err == nil && x.o.Clock.Now() >= seat.Expires {
		err = token.ErrExpired
	}
	return claims, err
}

// legacyClaims are those that an access token of the seat would have.
func legacyClaims(seat *compat.Seat) (*token.Claims, error) {
	c := &token.Claims{Employee: seat.Row.ID, Key: seat.Row.ID.Key(), Session: seat.Ended, ExpiresAt: seat.Expires}
	if s := seat.Session; s != nil {
		c.Session, c.Terminal, c.Epoch, c.Client, c.IssuedAt = s.ID, s.Terminal, s.Epoch, s.Client, s.CreatedAt
		return c, nil
	}
	if seat.Ended == (session.ID{}) {
		return nil, &session.TerminatedError{Notice: session.Notice{Epoch: seat.Row.Epoch, At: seat.Expires}}
	}
	if ended := seat.Row.Ended(seat.Ended); ended != nil {
		c.Terminal = ended.Terminal
	}
	return c, nil
}
