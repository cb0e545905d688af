package api

import (
	"github.com/hotseat-hub/hotseat/session"
)

// ownSessions is GET /v1/employees/me/sessions: all of the employee's, as of the token's check.
func (x *exchange) ownSessions() error { return x.replySessions(x.row) }

// endOwn is DELETE /v1/employees/me/sessions/{session_id}. Another employee's session is not there.
func (x *exchange) endOwn() error {
	id, err := x.sessionID()
	if err != nil {
		return err
	}
	return x.endOwnSessions(session.End{Session: id})
}

// endOtherOwn is DELETE /v1/employees/me/sessions?except=current.
func (x *exchange) endOtherOwn() error {
	if x.r.URL.Query().Get("except") != "current" {
		return invalidRequest("except must be current; DELETE /v1/session ends the current one")
	}
	return x.endOwnSessions(session.End{Except: x.claims.Session})
}

func (x *exchange) endOwnSessions(cmd session.End) error {
	cmd.Deadline, cmd.Reason = x.deadline(), session.ReasonLogout
	if _, err := x.do(x.claims.Key, cmd); err != nil {
		return unknownSession(err)
	}
	return x.noContent()
}
