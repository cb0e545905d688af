package api

import (
	"errors"
	"net/http"

	"github.com/hotseat-hub/hotseat/session"
)

// listSessions is GET /v1/admin/employees/{employee_id}/sessions: the active ones, by the store.
func (x *exchange) listSessions() error {
	key, err := x.employee()
	if err != nil {
		return err
	}
	row, err := x.o.Rows.Load(x.r.Context(), key)
	if err != nil {
		return err
	}
	if !row.Exists() {
		return session.ErrNotFound
	}
	return x.replySessions(&row)
}

// replySessions lists those of a row that have not expired.
func (x *exchange) replySessions(row *session.Employee) error {
	list := struct {
		Sessions []sessionView `json:"sessions"`
	}{Sessions: []sessionView{}}
	now := x.o.Clock.Now()
	for i := range row.Active {
		if s := &row.Active[i]; now < s.Deadline() {
			v := viewSession(row.ID, s)
			if x.claims != nil && s.ID != x.claims.Session {
				v.TerminalID = x.terminalFor(s)
			}
			list.Sessions = append(list.Sessions, v)
		}
	}
	return x.reply(http.StatusOK, list)
}

// endRequest is the optional body of the routes that end sessions.
type endRequest struct {
	Message *string `json:"message"` // instead of the reason's own
}

// endSessions is POST /v1/admin/employees/{employee_id}/end-sessions.
func (x *exchange) endSessions() error { return x.end(session.ID{}) }

// endSession is POST /v1/admin/employees/{employee_id}/sessions/{session_id}/end.
func (x *exchange) endSession() error {
	id, err := x.sessionID()
	if err != nil {
		return err
	}
	return x.end(id)
}

// sessionID is the path's session.
func (x *exchange) sessionID() (session.ID, error) {
	id, err := session.ParseID(x.r.PathValue("session_id"))
	if err != nil || id.IsZero() {
		return id, invalidRequest("session_id must be a UUID")
	}
	return id, nil
}

func (x *exchange) end(id session.ID) error {
	key, err := x.employee()
	if err != nil {
		return err
	}
	var req endRequest
	if err := x.decodeOptional(&req); err != nil {
		return err
	}
	wait, err := x.patience()
	if err != nil {
		return err
	}
	cmd := session.End{Deadline: x.deadline(), Session: id, Reason: session.ReasonAdmin, Actor: x.key.name}
	if req.Message != nil {
		cmd.Message = session.Clean(*req.Message, session.MaxMessage)
	}
	reply, err := x.do(key, cmd)
	if err != nil {
		return unknownSession(err)
	}
	return x.reply(http.StatusOK, struct {
		Ended []terminatedView `json:"ended"`
	}{x.terminated(&reply, wait)})
}

// unknownSession: to operators and services a session that has ended is one that is not there.
func unknownSession(err error) error {
	if errors.Is(err, session.ErrTerminated) {
		return session.ErrNotFound
	}
	return err
}

// testTermination is POST /v1/admin/terminals/{terminal_id}/test-termination. ?force=true also
// reaches clients that would log out on it.
func (x *exchange) testTermination() error {
	terminal, err := session.ParseTerminalID(x.r.PathValue("terminal_id"))
	if err != nil {
		return invalidRequest("%v", err)
	}
	var force bool
	switch x.r.URL.Query().Get("force") {
	case "", "false":
	case "true":
		force = true
	default:
		return invalidRequest("force must be true or false")
	}
	told := 0
	if x.o.Sockets != nil {
		told = x.o.Sockets.TestTermination(terminal, force)
	}
	if told == 0 {
		return notFound("no socket of this terminal is connected")
	}
	return x.reply(http.StatusOK, struct {
		Sockets int `json:"sockets"`
	}{told})
}
