package api

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/api/graphql/generated"
	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/session"
)

// Login is the field login: by username as the original, or else by the employee's id.
func (f *fields) Login(ctx context.Context, username, pass string) (*generated.Login, error) {
	x := f.at(ctx)
	made, err := x.graphQLLogin(username, pass)
	x.count("password", err)
	return made, f.failure(err)
}

func (x *exchange) graphQLLogin(username, pass string) (*generated.Login, error) {
	if len(pass) == 0 || len(pass) > password.MaxLength {
		return nil, errInvalidCredentials
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), commandTimeout)
	defer cancel()
	profile, err := x.somebody(ctx, username)
	if err != nil {
		return nil, err
	}
	_, cmd, err := x.seat("graphql", string(profile.ID), &seatRequest{})
	if err != nil {
		return nil, err
	}
	cmd.Client = passwordClient
	cmd.UserAgent = session.Clean(x.r.UserAgent(), session.MaxUserAgent)
	cmd.Device = deviceName(cmd.UserAgent)
	if addr := x.remote(); addr.IsValid() {
		cmd.IP = addr.String()
	}
	if x.o.Compat != nil {
		cmd.Token = compat.Lifetime // an ending is remembered for as long as its token could show up
	}
	reply, err := x.enter(ctx, profile.ID.Key(), pass, cmd)
	if err != nil {
		return nil, err
	}
	if err := x.keepTerminal(ctx, &reply); err != nil {
		return nil, err
	}
	return x.loggedIn(&profile, &reply)
}

// somebody is who has this username, or this id. Nobody costs as much as somebody: the password of one
// who is unknown is checked too, against nothing.
func (x *exchange) somebody(ctx context.Context, username string) (session.Profile, error) {
	profile, err := x.o.Profiles.ProfileByUsername(ctx, username)
	if !errors.Is(err, session.ErrNotFound) {
		return profile, err
	}
	id, err := session.ParseEmployeeID(username)
	if err != nil {
		_, err := x.checkPassword(ctx, nobody.Key(), "no password")
		if err == nil {
			err = errInvalidCredentials
		}
		return session.Profile{}, err
	}
	profile, err = x.profileOf(ctx, id)
	return profile, err
}

// nobody stands for all names that cannot be an employee's: no id has this form.
const nobody session.EmployeeID = "?"

// profileOf is the profile of an id, which may be nobody's: the password check will say so.
func (x *exchange) profileOf(ctx context.Context, id session.EmployeeID) (session.Profile, error) {
	profile, err := x.o.Profiles.Profile(ctx, id.Key())
	if errors.Is(err, session.ErrNotFound) {
		return session.Profile{ID: id}, nil
	}
	return profile, err
}

// keepTerminal notes a terminal that the server made, where its id is a credential.
func (x *exchange) keepTerminal(ctx context.Context, reply *session.Reply) error {
	if x.o.Compat == nil {
		return nil
	}
	return x.o.Compat.Keep(ctx, reply.Employee.Key(), reply.Session)
}

// loggedIn answers the field login: with the original's token under --compat-pos, else with ours.
func (x *exchange) loggedIn(profile *session.Profile, reply *session.Reply) (*generated.Login, error) {
	made := &generated.Login{
		Employee: employeeField(profile),
		Terminal: &generated.Terminal{
			TerminalID: string(reply.Session.Terminal), LoginTime: reply.Session.CreatedAt.String(), IsActive: true,
		},
	}
	if c := x.o.Compat; c != nil {
		var err error
		made.Token, err = c.Tokens.Issue(compat.TokenOf(profile, reply.Session))
		made.ExpiresIn = int(compat.Left(reply.Session, x.o.Clock.Now()).Seconds())
		return made, err
	}
	grant, err := x.grant(reply)
	if err != nil {
		return nil, err
	}
	made.Token, made.RefreshToken, made.ExpiresIn = grant.AccessToken, &grant.RefreshToken, int(grant.ExpiresIn)
	return made, nil
}
