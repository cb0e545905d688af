package api

import (
	"net/http"

	"github.com/hotseat-hub/hotseat/session"
)

// The routes by which a backend that made a session looks after it, so that its browsers need not
// hold our tokens.

// named is the path's employee and session, if the store says that the session lives.
func (x *exchange) named() (session.Employee, *session.Session, error) {
	key, err := x.employee()
	if err != nil {
		return session.Employee{}, nil, err
	}
	id, err := x.sessionID()
	if err != nil {
		return session.Employee{}, nil, err
	}
	row, err := x.o.Rows.Load(x.r.Context(), key)
	if err != nil {
		return row, nil, err
	}
	s, err := row.Valid(id, 0, x.o.Clock.Now())
	return row, s, unknownSession(err)
}

// showNamed is GET /v1/employees/{employee_id}/sessions/{session_id}.
func (x *exchange) showNamed() error {
	row, s, err := x.named()
	if err != nil {
		return err
	}
	v := viewSession(row.ID, s)
	v.Employee = viewEmployee(&row)
	return x.reply(http.StatusOK, v)
}

// logoutNamed is DELETE /v1/employees/{employee_id}/sessions/{session_id}: the employee logged out
// at the backend.
func (x *exchange) logoutNamed() error {
	row, s, err := x.named()
	if err != nil {
		return err
	}
	cmd := session.End{Deadline: x.deadline(), Session: s.ID, Reason: session.ReasonLogout, Actor: x.key.name}
	if _, err := x.do(row.ID.Key(), cmd); err != nil {
		return unknownSession(err)
	}
	return x.noContent()
}

// ticketNamed is POST /v1/employees/{employee_id}/sessions/{session_id}/ws-ticket.
func (x *exchange) ticketNamed() error {
	row, s, err := x.named()
	if err != nil {
		return err
	}
	return unknownSession(x.giveTicket(row.ID.Key(), s.ID, s.Epoch))
}
