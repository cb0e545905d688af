package api

import (
	"net/http"

	"github.com/hotseat-hub/hotseat/session"
)

// showSession is GET /v1/session.
func (x *exchange) showSession() error {
	v := viewSession(x.row.ID, x.session)
	v.Employee = viewEmployee(x.row)
	return x.reply(http.StatusOK, v)
}

// logout is DELETE /v1/session.
func (x *exchange) logout() error {
	cmd := session.Logout{Deadline: x.deadline(), Session: x.claims.Session}
	if _, err := x.do(x.claims.Key, cmd); err != nil {
		return err
	}
	return x.noContent()
}

// refreshRequest is the body of POST /v1/token/refresh.
type refreshRequest struct {
	RefreshToken string `json:"refresh_token"`
}

// refresh is POST /v1/token/refresh.
func (x *exchange) refresh() error {
	var req refreshRequest
	if err := x.decode(&req); err != nil {
		return err
	}
	if req.RefreshToken == "" {
		return invalidRequest("refresh_token must be given")
	}
	sent, err := x.o.Tokens.ParseRefresh(req.RefreshToken)
	if err != nil {
		return err
	}
	reply, err := x.do(sent.Key, session.Refresh{
		Deadline: x.deadline(), Session: sent.Session, Generation: sent.Generation,
		Token: x.o.Tokens.Lifetime(), Idle: x.o.SessionIdle,
	})
	if err != nil {
		return err
	}
	if reply.Session == nil {
		return x.reused(&reply, sent.Session)
	}
	grant, err := x.grant(&reply)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, grant)
}

// reused answers a refresh token that was spent long ago: its session has just ended by it.
func (x *exchange) reused(reply *session.Reply, id session.ID) error {
	x.o.Log.Warn("a refresh token was used twice; its session has ended", "employee", reply.Employee, "session", id)
	if reply.Row == nil {
		return session.ErrTerminated
	}
	_, err := reply.Row.Valid(id, 0, x.o.Clock.Now())
	return err
}

// ticketView answers the ticket routes.
type ticketView struct {
	Ticket    string `json:"ticket"`
	ExpiresIn int    `json:"expires_in"`
}

// ticket is POST /v1/ws-ticket.
func (x *exchange) ticket() error {
	return x.giveTicket(x.claims.Key, x.claims.Session, x.claims.Epoch)
}

// giveTicket asks the owner first, so that it is awake and remembers from before the ticket's issue
// on: it refuses tickets that are older than its own memory.
func (x *exchange) giveTicket(key session.Key, id session.ID, epoch session.Epoch) error {
	reply, err := x.do(key, session.Check{Deadline: x.deadline(), Session: id, Epoch: epoch})
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, ticketView{
		Ticket:    x.o.Tokens.IssueTicket(reply.Employee, reply.Session),
		ExpiresIn: int(session.TicketWindow.Seconds()),
	})
}
