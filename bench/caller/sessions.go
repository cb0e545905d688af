package caller

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Seat is a session and the tokens of its terminal.
type Seat struct {
	Employee, Terminal string
	Session            session.ID
	Epoch              uint64
	Access, Refresh    string
}

// Login asks for one; Key makes it repeatable.
type Login struct {
	Employee, Terminal, Key string
	Password                string // with it the employee logs in, without it a backend for the employee
}

// LogIn logs an employee in, with the service key unless a password is given. The reply is good until
// the next call; it is for whoever needs more of it than the seat.
func (c *Caller) LogIn(ctx context.Context, serviceKey string, l Login) (Seat, Reply, error) {
	body := fmt.Appendf(nil, `{"employee_id":%q,"terminal_id":%q,"device_name":"Till"`, l.Employee, l.Terminal)
	if l.Key != "" {
		body = fmt.Appendf(body, `,"idempotency_key":%q`, l.Key)
	}
	path, key := "/v1/sessions", serviceKey
	if l.Password != "" {
		password, err := json.Marshal(l.Password)
		if err != nil {
			return Seat{}, Reply{}, err
		}
		body = fmt.Appendf(body, `,"password":%s`, password)
		path, key = "/v1/login", ""
	}
	r, err := c.Do(ctx, http.MethodPost, path, key, append(body, '}'))
	if err == nil && r.Status != http.StatusOK {
		err = c.refused("login refused", r)
	}
	if err != nil {
		return Seat{}, r, err
	}
	s, err := seatOf(r.Body)
	s.Employee, s.Terminal = l.Employee, l.Terminal
	return s, r, err
}

// seatOf reads what a login's reply says first of all: the session comes before those that it ended.
func seatOf(body []byte) (s Seat, err error) {
	s.Access, s.Refresh = text(body, "access_token"), text(body, "refresh_token")
	if s.Session, err = session.ParseID(text(body, "session_id")); err != nil || s.Access == "" {
		return s, fmt.Errorf("a login's reply without session or token: %.200q", body)
	}
	_, epoch, _ := bytes.Cut(body, []byte(`"epoch":`))
	end := bytes.IndexAny(epoch, ",}")
	s.Epoch, _ = strconv.ParseUint(string(bytes.TrimSpace(epoch[:max(end, 0)])), 10, 64)
	return s, nil
}

// Refresh rotates the seat's tokens.
func (c *Caller) Refresh(ctx context.Context, s *Seat) (Reply, error) {
	body := fmt.Appendf(nil, `{"refresh_token":%q}`, s.Refresh)
	r, err := c.Do(ctx, http.MethodPost, "/v1/token/refresh", "", body)
	if err == nil && r.Status != http.StatusOK {
		err = c.refused("refresh refused", r)
	}
	if err == nil {
		s.Access, s.Refresh = text(r.Body, "access_token"), text(r.Body, "refresh_token")
	}
	return r, err
}

// Check asks whether a token is good, at a level: local or strict.
func (c *Caller) Check(ctx context.Context, token, level string) (Reply, error) {
	r, err := c.Do(ctx, http.MethodGet, "/v1/authz?level="+level, token, nil)
	if err == nil && r.Status != http.StatusOK {
		err = c.refused("check refused", r)
	}
	return r, err
}

// LogOut ends the seat's session.
func (c *Caller) LogOut(ctx context.Context, s *Seat) (Reply, error) {
	r, err := c.Do(ctx, http.MethodDelete, "/v1/session", s.Access, nil)
	if err == nil && r.Status != http.StatusNoContent {
		err = c.refused("logout refused", r)
	}
	return r, err
}

// Ready answers why the server cannot be measured now; nil when it can.
func (c *Caller) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := c.Do(ctx, http.MethodGet, "/readyz", "", nil)
	switch {
	case err != nil:
		return err
	case r.Status == http.StatusServiceUnavailable:
		return fmt.Errorf("%s is not ready: its operations listener says why at /readyz", c.Target.URL)
	case r.Status != http.StatusOK || !bytes.Contains(r.Body, []byte(`"ready":`)):
		return &Refused{Server: c.Target.URL, What: "readiness", Status: r.Status}
	}
	return nil
}

// AddEmployee makes an employee with a password; one who is there already is left as found.
func (c *Caller) AddEmployee(ctx context.Context, adminKey, employee, password string) error {
	body, err := json.Marshal(map[string]string{"employee_id": employee, "password": password})
	if err != nil {
		return err
	}
	r, err := c.Do(ctx, http.MethodPost, "/v1/admin/employees", adminKey, body)
	if err == nil && r.Status != http.StatusCreated && r.Status != http.StatusConflict {
		err = c.refused("making an employee refused", r)
	}
	return err
}

func (c *Caller) refused(what string, r Reply) error {
	return &Refused{Server: c.Target.URL, What: what, Status: r.Status, Code: text(r.Body, "code"), Detail: text(r.Body, "detail")}
}

// Ended are the sessions that a login's reply says it ended.
func Ended(body []byte) (ids []session.ID) {
	var reply struct {
		Terminated []struct {
			ID session.ID `json:"session_id"`
		} `json:"terminated"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return nil
	}
	for _, t := range reply.Terminated {
		ids = append(ids, t.ID)
	}
	return ids
}

// text finds a text field in JSON that the server wrote; what is looked for has no escapes.
func text(body []byte, name string) string {
	_, after, found := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, closed := bytes.Cut(after, []byte(`"`))
	if !found || !closed {
		return ""
	}
	return string(value)
}
