package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// grant makes the tokens of a session that a command answered with.
func (x *exchange) grant(reply *session.Reply) (*grantView, error) {
	access, claims, err := x.o.Tokens.Issue(reply.Employee, reply.Session)
	if err != nil {
		return nil, err
	}
	return &grantView{
		AccessToken: access, TokenType: "Bearer",
		ExpiresIn: max(0, int64(claims.ExpiresAt-claims.IssuedAt)/1000),
		RefreshToken: x.o.Tokens.RefreshToken(token.Refresh{
			Key: claims.Key, Session: reply.Session.ID, Generation: reply.Session.Refresh,
		}),
		Session:  viewSession(reply.Employee, reply.Session),
		Employee: &employeeView{EmployeeID: reply.Employee, FirstName: reply.FirstName, LastName: reply.LastName},
	}, nil
}

// profile is what the employee is called; nothing, where nobody has said.
func (x *exchange) profile(key session.Key) (session.Profile, error) {
	p, err := x.o.Profiles.Profile(x.r.Context(), key)
	if errors.Is(err, session.ErrNotFound) {
		return session.Profile{}, nil
	}
	return p, err
}

// Waiting for notices to get somewhere before the reply is written.
const (
	sentWait     = 20 * time.Millisecond // unless asked otherwise
	ackedWait    = 250 * time.Millisecond
	maxAckedWait = 2000 * time.Millisecond
)

// patience is how long and for what a reply waits.
type patience struct {
	until session.Stage
	limit time.Duration
}

// patience reads ?wait=acked&timeout_ms=250.
func (x *exchange) patience() (patience, error) {
	if x.r.URL.RawQuery == "" {
		return patience{session.Sent, sentWait}, nil
	}
	query := x.r.URL.Query()
	p := patience{session.Sent, sentWait}
	switch wait := query.Get("wait"); wait {
	case "", "sent":
	case "acked":
		p = patience{session.Acked, ackedWait}
	default:
		return p, invalidRequest("wait must be acked or sent")
	}
	if text := query.Get("timeout_ms"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 0 || time.Duration(ms)*time.Millisecond > maxAckedWait {
			return p, invalidRequest("timeout_ms must be a number from 0 to %d", maxAckedWait.Milliseconds())
		}
		p.limit = time.Duration(ms) * time.Millisecond
	}
	return p, nil
}

// await is the time that is left to notices which are still on their way.
func (x *exchange) await(deliveries []*session.Delivery, p patience) (context.Context, context.CancelFunc) {
	for _, d := range deliveries {
		if d != nil && !d.Settled(p.until) {
			return context.WithTimeout(x.r.Context(), p.limit)
		}
	}
	return x.r.Context(), func() {}
}

// terminalFor is the terminal of another session, where it may be known.
func (x *exchange) terminalFor(s *session.Session) session.TerminalID {
	if x.o.Compat != nil && x.key == nil {
		return ""
	}
	return s.Terminal
}

// terminated says of each session that a command ended how far its notice has got.
func (x *exchange) terminated(reply *session.Reply, p patience) []terminatedView {
	views := make([]terminatedView, 0, len(reply.Ended))
	ctx, cancel := x.await(reply.Deliveries, p)
	defer cancel()
	for i := range reply.Ended {
		s := &reply.Ended[i]
		v := terminatedView{
			SessionID: s.ID, TerminalID: x.terminalFor(s), DeviceName: s.Device, Delivery: session.Offline.String(),
		}
		if i < len(reply.Deliveries) && reply.Deliveries[i] != nil {
			stage, after := reply.Deliveries[i].Wait(ctx, p.until)
			v.Delivery = stage.String()
			if stage != session.Offline {
				ms := float64(after.Round(10*time.Microsecond)) / float64(time.Millisecond)
				v.DeliveryMS = &ms
			}
		}
		views = append(views, v)
	}
	return views
}
