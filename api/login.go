package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/session"
)

// passwordClient is the client_id of sessions that began with a password.
const passwordClient = "hotseat"

// loginRequest is the body of POST /v1/login. The trusted login has the fields of seatRequest too.
type loginRequest struct {
	EmployeeID string `json:"employee_id"`
	Password   secret `json:"password"`
	seatRequest
}

// login is POST /v1/login: the password is checked here and goes no further.
func (x *exchange) login() error {
	err := x.passwordLogin()
	x.count("password", err)
	return err
}

// count notes a login's outcome. A refused one is a metric and a log line, never an event: an
// attacker could fill the log of events.
func (x *exchange) count(kind string, err error) {
	outcome := "ok"
	if err != nil {
		outcome = problemOf(err).code
		x.o.Log.Info("login refused", "kind", kind, "outcome", outcome, "address", x.remote(), "request_id", x.id)
	}
	x.logins.WithLabelValues(kind, outcome).Inc()
}

func (x *exchange) passwordLogin() error {
	var req loginRequest
	if err := x.decode(&req); err != nil {
		return err
	}
	employee, cmd, err := x.seat("login", req.EmployeeID, &req.seatRequest)
	if err != nil {
		return err
	}
	if len(req.Password) == 0 || len(req.Password) > password.MaxLength {
		return invalidRequest("password must have 1 to %d bytes", password.MaxLength)
	}
	wait, err := x.patience()
	if err != nil {
		return err
	}
	cmd.Client = passwordClient
	cmd.UserAgent = session.Clean(x.r.UserAgent(), session.MaxUserAgent)
	cmd.Device = req.device(cmd.UserAgent)
	if addr := x.remote(); addr.IsValid() {
		cmd.IP = addr.String()
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), commandTimeout)
	defer cancel()
	reply, err := x.enter(ctx, employee.Key(), string(req.Password), cmd)
	if err == nil && req.TerminalID == nil {
		err = x.keepTerminal(ctx, &reply)
	}
	if err != nil {
		return err
	}
	return x.welcome(&reply, wait)
}

// enter checks the password and logs in. When the password was changed in between, both are done
// once more.
func (x *exchange) enter(ctx context.Context, key session.Key, pass string, cmd session.Login) (session.Reply, error) {
	for again := true; ; again = false {
		profile, err := x.checkPassword(ctx, key, pass)
		if err != nil {
			return session.Reply{}, err
		}
		cmd.Credential = profile.Credential
		reply, err := x.o.Employees.Do(ctx, key, cmd)
		switch {
		case errors.Is(err, session.ErrCredentialChanged) && again:
			continue
		case errors.Is(err, session.ErrNotFound): // deleted in between
			return reply, errInvalidCredentials
		}
		if err == nil && x.o.Passwords.Outdated(profile.PasswordHash) {
			x.renew(ctx, key, pass, profile.Credential)
		}
		return reply, err
	}
}

// checkPassword costs the same for an employee who is unknown.
func (x *exchange) checkPassword(ctx context.Context, key session.Key, pass string) (session.Profile, error) {
	addr := x.remote()
	admit := func() error {
		if wait := x.o.Attempts.Wait(ctx, key, addr); wait > 0 {
			return &problem{
				status: http.StatusTooManyRequests, code: "rate_limited",
				detail: "too many failed logins; come back later", retryAfter: wait,
			}
		}
		return nil
	}
	if err := admit(); err != nil {
		return session.Profile{}, err
	}
	profile, err := x.o.Profiles.Profile(ctx, key)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return profile, err
	}
	// Asked once more when the turn has come: of a crowd of guesses most are refused there.
	ok, err := x.o.Passwords.Verify(ctx, profile.PasswordHash, pass, admit)
	if err != nil {
		return profile, err
	}
	if !ok {
		x.o.Attempts.Failed(key, addr)
		return profile, errInvalidCredentials
	}
	x.o.Attempts.Passed(key, addr)
	return profile, nil
}

// welcome answers a login that was done.
func (x *exchange) welcome(reply *session.Reply, wait patience) error {
	grant, err := x.grant(reply)
	if err != nil {
		return err
	}
	terminated := []terminatedView{}
	if !reply.Replayed {
		terminated = x.terminated(reply, wait)
	}
	grant.Terminated = &terminated
	return x.reply(http.StatusOK, grant)
}

// newSession is the id of a session that may come to be, UUIDv7.
func newSession() session.ID { return session.ID(uuid.Must(uuid.NewV7())) }
