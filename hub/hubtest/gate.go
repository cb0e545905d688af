package hubtest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// Own is the one Origin that the gate lets in.
const Own = "http://till.example"

// Tokens that mean something by themselves; all others come from Floor.Login.
const (
	ExpiredToken = "expired" // of a live session
	UnknownKey   = "unknown-key"
	Panicking    = "a-token-that-makes-the-gate-panic"
)

// Admit implements hub.Gate: the order of credentials and the codes of the contract.
func (f *Floor) Admit(ctx context.Context, r *hub.Request) hub.Verdict {
	if f.Judging != nil {
		f.Judging()
	}
	if r.Origin != "" && r.Origin != Own {
		return hub.Verdict{Close: hub.CloseOrigin, Code: "origin_not_allowed", Message: "see --allowed-origins"}
	}
	token, ok := strings.CutPrefix(r.Authorization, "Bearer ")
	if r.Query != "" {
		token, ok = r.Query, true
	}
	for _, p := range r.Protocols {
		if bearer, found := strings.CutPrefix(p, "hotseat.bearer."); found {
			token, ok = bearer, true
		}
	}
	if !ok {
		return hub.Verdict{Await: true}
	}
	v := f.Authenticate(ctx, r, token)
	if v.Close != 0 && r.Origin == "" {
		return hub.Verdict{
			Status: http.StatusUnauthorized, Problem: []byte(`{"code":"` + v.Code + `"}`), RetryAfter: time.Millisecond,
			Header: http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}},
		}
	}
	return v
}

// Authenticate implements hub.Gate.
func (f *Floor) Authenticate(_ context.Context, r *hub.Request, token string) hub.Verdict {
	switch token {
	case ExpiredToken:
		return hub.Verdict{Close: hub.CloseTokenExpired, Code: "token_expired", Message: "refresh"}
	case UnknownKey:
		return hub.Verdict{Close: hub.CloseTryLater, Code: "stale_view", Message: "come back"}
	case Panicking:
		panic("no such token: " + token)
	}
	f.mu.Lock()
	seat, ok := f.seats[token]
	f.mu.Unlock()
	switch {
	case !ok:
		return hub.Verdict{Close: hub.CloseBadToken, Code: "invalid_token", Message: "not a token"}
	case seat.Terminal != session.TerminalID(r.TerminalID):
		return hub.Verdict{Close: hub.CloseTerminal, Code: "invalid_token", Message: "another terminal's"}
	}
	return hub.Verdict{Seat: &seat}
}
