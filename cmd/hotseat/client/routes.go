package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Login logs an employee in by password. Whoever sat there before is terminated.
func (c *Client) Login(ctx context.Context, r LoginRequest) (*Login, error) {
	reply := &Login{}
	return reply, c.send(ctx, request{method: http.MethodPost, path: "/v1/login", body: r, reply: reply})
}

// TrustedLogin logs an employee in for a backend that knows who it is; needs a key.
func (c *Client) TrustedLogin(ctx context.Context, r TrustedLoginRequest) (*Login, error) {
	reply := &Login{}
	return reply, c.keyed(ctx, request{method: http.MethodPost, path: "/v1/sessions", body: r, reply: reply})
}

// Issuer is the server's name in tokens and events.
func (c *Client) Issuer(ctx context.Context) (string, error) {
	var reply struct{ Issuer string }
	err := c.send(ctx, request{method: http.MethodGet, path: "/.well-known/oauth-authorization-server", reply: &reply})
	return reply.Issuer, err
}

// Session shows the session of an access token.
func (c *Client) Session(ctx context.Context, token string) (*Session, error) {
	reply := &Session{}
	return reply, c.send(ctx, request{method: http.MethodGet, path: "/v1/session", authorization: "Bearer " + token, reply: reply})
}

// Logout ends the session of an access token.
func (c *Client) Logout(ctx context.Context, token string) error {
	return c.send(ctx, request{method: http.MethodDelete, path: "/v1/session", authorization: "Bearer " + token})
}

// Refresh trades a refresh token for the next one and a fresh access token.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (*Login, error) {
	reply := &Login{}
	body := map[string]string{"refresh_token": refreshToken}
	return reply, c.send(ctx, request{method: http.MethodPost, path: "/v1/token/refresh", body: body, reply: reply})
}

// Ticket asks for a single-use ticket in place of an access token in a URL.
func (c *Client) Ticket(ctx context.Context, token string) (*Ticket, error) {
	reply := &Ticket{}
	return reply, c.send(ctx, request{method: http.MethodPost, path: "/v1/ws-ticket", authorization: "Bearer " + token, reply: reply})
}

// AddEmployee makes an employee.
func (c *Client) AddEmployee(ctx context.Context, e Employee) (*Employee, error) {
	reply := &Employee{}
	return reply, c.keyed(ctx, request{method: http.MethodPost, path: "/v1/admin/employees", body: e, reply: reply})
}

// SetLocked locks an employee, which ends all its sessions, or unlocks it.
func (c *Client) SetLocked(ctx context.Context, employee string, locked bool) (*Employee, error) {
	reply := &Employee{}
	body := map[string]bool{"locked": locked}
	return reply, c.keyed(ctx, request{method: http.MethodPatch, path: admin(employee), body: body, reply: reply})
}

// Sessions lists an employee's active sessions, as the store has them.
func (c *Client) Sessions(ctx context.Context, employee string) (*SessionList, error) {
	reply := &SessionList{}
	return reply, c.keyed(ctx, request{method: http.MethodGet, path: admin(employee) + "/sessions", reply: reply})
}

// EndSessions ends all sessions of an employee; message, if any, is shown to the terminals.
func (c *Client) EndSessions(ctx context.Context, employee, message string) (*EndedList, error) {
	reply := &EndedList{}
	return reply, c.keyed(ctx, request{method: http.MethodPost, path: admin(employee) + "/end-sessions", body: messageBody(message), reply: reply})
}

// EndSession ends one session of an employee.
func (c *Client) EndSession(ctx context.Context, employee, id, message string) (*EndedList, error) {
	reply := &EndedList{}
	path := admin(employee) + "/sessions/" + url.PathEscape(id) + "/end"
	return reply, c.keyed(ctx, request{method: http.MethodPost, path: path, body: messageBody(message), reply: reply})
}

// TestTermination sends a terminal's sockets a notice that ends nothing. Without force clients that
// would log out on it are refused.
func (c *Client) TestTermination(ctx context.Context, terminal string, force bool) (*Sockets, error) {
	reply := &Sockets{}
	r := request{method: http.MethodPost, path: "/v1/admin/terminals/" + url.PathEscape(terminal) + "/test-termination", reply: reply}
	if force {
		r.query = url.Values{"force": {"true"}}
	}
	return reply, c.keyed(ctx, r)
}

// ImportEmployees sends a stream of employees, one JSON object on each line. It is read once, so the
// key is tried first.
func (c *Client) ImportEmployees(ctx context.Context, lines io.Reader) (*Imported, error) {
	reply := &Imported{}
	probe := request{method: http.MethodGet, path: "/v1/admin/employees", query: url.Values{"limit": {"1"}}}
	key, err := c.keyFor(ctx, probe)
	if err != nil {
		return reply, err
	}
	return reply, c.stream(ctx, request{
		method: http.MethodPost, path: "/v1/admin/employees/import", authorization: "Bearer " + key,
		body: lines, reply: reply,
	})
}

// RotateKeys makes a new signing key.
func (c *Client) RotateKeys(ctx context.Context, compromised bool) (*Rotation, error) {
	reply := &Rotation{}
	body := map[string]bool{"compromised": compromised}
	return reply, c.keyed(ctx, request{method: http.MethodPost, path: "/v1/admin/keys/rotate", body: body, reply: reply})
}

// Nodes lists the nodes of the cluster, as the one that is asked sees them.
func (c *Client) Nodes(ctx context.Context) (*NodeList, error) {
	reply := &NodeList{}
	return reply, c.keyed(ctx, request{method: http.MethodGet, path: "/v1/admin/cluster", reply: reply})
}

func admin(employee string) string { return "/v1/admin/employees/" + url.PathEscape(employee) }

func messageBody(message string) map[string]string {
	body := map[string]string{}
	if message != "" {
		body["message"] = message
	}
	return body
}
