package api

import (
	"context"
	"errors"
	"strconv"

	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/api/graphql/generated"
	"github.com/hotseat-hub/hotseat/session"
)

// loggedOut is the original's text.
var loggedOut = &generated.Outcome{Success: true, Message: "Logged out successfully"}

// Logout is the field logout: it ends the session at a terminal for whoever shows its token. A
// session that has ended already has been logged out.
func (f *fields) Logout(ctx context.Context, terminal string) (*generated.Outcome, error) {
	x := f.at(ctx)
	err := x.logoutAt(terminal)
	if errors.Is(err, session.ErrTerminated) {
		err = nil
	}
	if err != nil {
		return nil, f.failure(err)
	}
	return loggedOut, nil
}

func (x *exchange) logoutAt(terminal string) error {
	if c := x.o.Compat; c != nil && c.UnsafeLogout {
		seat, err := c.At(x.r.Context(), session.TerminalID(terminal))
		if err == nil && seat != nil && seat.Session != nil {
			_, err = x.do(seat.Row.ID.Key(), session.Logout{Deadline: x.deadline(), Session: seat.Session.ID})
		}
		if err != nil || seat != nil {
			return err
		}
	}
	claims, err := x.verify()
	if claims == nil {
		return err
	}
	if string(claims.Terminal) != terminal {
		return invalidToken("the token is for another terminal")
	}
	if err := x.authenticateSession(); err != nil {
		return err
	}
	_, err = x.do(x.claims.Key, session.Logout{Deadline: x.deadline(), Session: x.claims.Session})
	return err
}

// EndSession is the field endSession: one of the employee's own.
func (f *fields) EndSession(ctx context.Context, id string) (*generated.Outcome, error) {
	x, err := f.session(ctx)
	if err != nil {
		return nil, f.failure(err)
	}
	ended, err := session.ParseID(id)
	if err != nil {
		return nil, f.failure(notFound("no such session"))
	}
	cmd := session.End{Deadline: x.deadline(), Reason: session.ReasonLogout, Session: ended}
	if _, err := x.do(x.claims.Key, cmd); err != nil {
		return nil, f.failure(unknownSession(err))
	}
	return &generated.Outcome{Success: true, Message: "Session ended"}, nil
}

// Me is the field me.
func (f *fields) Me(ctx context.Context) (*generated.Employee, error) {
	x, err := f.session(ctx)
	if err != nil {
		return nil, f.failure(err)
	}
	profile, err := x.profileOf(ctx, x.row.ID)
	if err != nil {
		return nil, f.failure(err)
	}
	return employeeField(&profile), nil
}

// Sessions is the field sessions: all of the employee's, as of the token's check.
func (f *fields) Sessions(ctx context.Context) ([]*generated.Session, error) {
	x, err := f.session(ctx)
	if err != nil {
		return nil, f.failure(err)
	}
	now := x.o.Clock.Now()
	list := []*generated.Session{}
	for i := range x.row.Active {
		if s := &x.row.Active[i]; now < s.Deadline() {
			list = append(list, x.sessionField(s))
		}
	}
	return list, nil
}

func (x *exchange) sessionField(s *session.Session) *generated.Session {
	v := &generated.Session{
		SessionID: s.ID.String(), DeviceName: s.Device, CreatedAt: s.CreatedAt.String(), ExpiresAt: s.ExpiresAt.String(),
		IP: s.IP, UserAgent: s.UserAgent, Current: s.ID == x.claims.Session,
	}
	if terminal := string(s.Terminal); v.Current || x.o.Compat == nil {
		v.TerminalID = &terminal
	}
	return v
}

// employeeField is somebody as the original shows one. Its id is that of the original's database.
func employeeField(p *session.Profile) *generated.Employee {
	v := &generated.Employee{
		ID: string(p.ID), Username: compat.Username(p), FirstName: p.FirstName, LastName: p.LastName,
		Email: p.Email, Role: p.Role, EmployeeID: string(p.ID),
	}
	if p.LegacyID != nil {
		v.ID = strconv.FormatInt(*p.LegacyID, 10)
	}
	return v
}
