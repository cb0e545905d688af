package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// authz is /v1/authz, for gateways: may the bearer of this access token pass? At level local (the
// default) the node's view answers, at level strict the store. It takes any method, since some
// gateways forward the one of the request in question, and never reads a body.
func (x *exchange) authz() error {
	strict, err := x.strictLevel()
	if err != nil {
		return err
	}
	claims, verdict := x.verify()
	if claims == nil {
		return verdict
	}
	if strict {
		err = x.checkStrict(claims)
	} else {
		err = x.checkLocal(claims)
	}
	if err == nil {
		err = verdict // an expired token, unless its session has ended too
	}
	if err != nil {
		return err
	}
	x.header("X-Employee-Id", string(claims.Employee))
	x.header("X-Session-Id", claims.Session.String())
	x.header("X-Session-Epoch", strconv.FormatUint(uint64(claims.Epoch), 10))
	x.header("X-Terminal-Id", string(claims.Terminal))
	x.w.Header()["Cache-Control"] = noStore
	return nil // 200 and no body
}

func (x *exchange) strictLevel() (bool, error) {
	switch x.r.URL.RawQuery { // as nearly everybody asks, without parsing
	case "", "level=local":
		return false, nil
	case "level=strict":
		return true, nil
	}
	switch x.r.URL.Query().Get("level") {
	case "", "local":
		return false, nil
	case "strict":
		return true, nil
	}
	return false, invalidRequest("level must be local or strict")
}

// checkLocal asks the node's view. That a session has ended is true however old the view is; that it
// lives is not said by a view past its age.
func (x *exchange) checkLocal(c *token.Claims) error {
	staleness, err := x.o.View.Check(x.r.Context(), c.Key, c.Session, c.Epoch, c.IssuedAt)
	x.header("X-Hotseat-Staleness-Ms", strconv.FormatInt(staleness.Milliseconds(), 10))
	if err != nil {
		return unanswered(err)
	}
	if staleness > x.o.MaxStaleness {
		return staleView("this node has not heard of ended sessions for too long")
	}
	return nil
}

func (x *exchange) checkStrict(c *token.Claims) error {
	ctx, cancel := context.WithTimeout(x.r.Context(), storeTimeout)
	defer cancel()
	row, err := x.o.Rows.Load(ctx, c.Key)
	if err != nil {
		return unanswered(err)
	}
	_, err = row.Valid(c.Session, c.Epoch, x.o.Clock.Now())
	return err
}

// storeTimeout is below what gateways wait.
const storeTimeout = 5 * time.Second

// unanswered turns every way of not knowing into stale_view: the gateway must answer 503, not 401.
func unanswered(err error) error {
	if errors.Is(err, session.ErrTerminated) || errors.Is(err, session.ErrEpochAhead) {
		return err
	}
	return staleView("it cannot be told now whether the session lives")
}
