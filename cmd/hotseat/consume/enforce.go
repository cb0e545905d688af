package consume

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/session"
)

// Server is the hub that takes over.
type Server interface {
	Sessions(ctx context.Context, employee string) (*client.SessionList, error)
	TrustedLogin(ctx context.Context, r client.TrustedLoginRequest) (*client.Login, error)
}

// Enforcer logs an employee in here who has logged in elsewhere, which ends the older session here. It
// believes little: whoever may write to the topic could end anybody's session.
type Enforcer struct {
	Server Server
	// Secret of the events' signatures; nil: who may write to the topic is believed.
	Secret []byte
	// Source, when given, is the only one that is believed; Own never is: a hub that enforced its
	// own events would chase itself.
	Source, Own string
	// MaxAge of an event that may still end a session.
	MaxAge time.Duration
	// ByUsername: the original's events name the employee by employee_username.
	ByUsername bool
	Said       func(e *Event, what string)
	Now        func() time.Time
}

// ahead is how far another system's clock may be in front of ours.
const ahead = 30 * time.Second

// Handle implements Handler. Nil means that the event has had its effect, or never will have one.
func (f *Enforcer) Handle(ctx context.Context, e *Event) error {
	if err := f.believe(e); err != nil {
		return err
	}
	employee, terminal, err := f.seat(e)
	if err != nil {
		return err
	}
	switch {
	case !e.IsLogin():
		return nil
	case f.Own != "" && e.Source == f.Own:
		return f.skip(e, "skipped: it is this server's own")
	case f.Source != "" && e.Source != f.Source:
		return f.skip(e, "skipped: it is of another source")
	case f.Now().Sub(e.At) > f.MaxAge:
		return f.skip(e, "skipped: older than --max-age")
	}
	list, err := f.Server.Sessions(ctx, employee)
	if err != nil && !isMissing(err) {
		return judge(err)
	}
	if err == nil {
		for _, s := range list.Sessions {
			if s.ExternalID == e.external() || isTwin(&s, e, terminal) {
				return f.skip(e, "skipped: seen already")
			}
			if isLater(&s, e) {
				return f.skip(e, "skipped: older than the session here")
			}
		}
	}
	return f.takeOver(ctx, e, employee, terminal)
}

// broughtBy begins the user agent of a session that an event has brought here, before the event's time.
const broughtBy = "hotseat consume-events, for a login at "

// isLater reports whether the session's login was after the event's. One that an event has brought here
// is as old as its login at the other system: when events had to wait, the newest of them shall sit here,
// not the first.
func isLater(s *client.Session, e *Event) bool {
	if at, brought := loginElsewhere(s); brought {
		return at.After(e.At)
	}
	return !s.CreatedAt.Before(e.At)
}

// isTwin reports whether the session was brought by a record that says the same: the original's producer may
// write one twice, and a flat event is known by its place alone.
func isTwin(s *client.Session, e *Event, terminal string) bool {
	at, brought := loginElsewhere(s)
	return e.IsFlat() && brought && at.Equal(e.At) && s.Terminal == terminal
}

// loginElsewhere is when the login was for which an event has brought the session. Only trusted logins have
// an external id, but a backend may pass on the user agent of whoever logs in. Who claims a login after his
// own session's begin is not believed, or no login elsewhere could end it; who claims an earlier one is ended
// the sooner.
func loginElsewhere(s *client.Session) (at time.Time, brought bool) {
	text, marked := strings.CutPrefix(s.UserAgent, broughtBy)
	if !marked || s.ExternalID == "" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil && !at.After(s.CreatedAt.Add(ahead))
}

func (f *Enforcer) takeOver(ctx context.Context, e *Event, employee, terminal string) error {
	login, err := f.Server.TrustedLogin(ctx, client.TrustedLoginRequest{
		Employee: employee, Terminal: terminal, Device: e.Device, ExternalID: e.external(), Override: true,
		UserAgent: broughtBy + e.At.UTC().Format(time.RFC3339Nano), IdempotencyKey: e.key(),
	})
	var p *client.Problem
	if errors.As(err, &p) && p.Code == "session_terminated" {
		return f.skip(e, "skipped: seen already, and ended since")
	}
	if err != nil {
		return judge(err)
	}
	f.Said(e, fmt.Sprintf("%s now sits at %s; %d ended here", employee, login.Session.Terminal, len(login.Terminated)))
	return nil
}

func (f *Enforcer) skip(e *Event, why string) error {
	f.Said(e, why)
	return nil
}

// believe checks what a forger could not know, and what no honest event has.
func (f *Enforcer) believe(e *Event) error {
	if f.Secret != nil {
		if e.Signature == "" || e.signed == nil {
			return poison("it is not signed")
		}
		if !hmac.Equal([]byte(e.Signature), []byte(e.signed(f.Secret))) {
			return poison("its signature is wrong")
		}
	}
	if e.At.After(f.Now().Add(ahead)) {
		return poison("it is of the future, %s", e.At.UTC().Format(time.RFC3339))
	}
	return nil
}

// seat is whom the event is about, in this server's words.
func (f *Enforcer) seat(e *Event) (employee, terminal string, err error) {
	employee = e.Employee
	if f.ByUsername && e.IsFlat() {
		employee = e.Username
	}
	if _, err := session.ParseEmployeeID(employee); err != nil {
		return "", "", poison("%w", err)
	}
	if e.Terminal != "" {
		if _, err := session.ParseTerminalID(e.Terminal); err != nil {
			return "", "", poison("%w", err)
		}
	}
	return employee, e.Terminal, nil
}

// external is what the session here remembers of the one there.
func (e *Event) external() string {
	if e.Session != "" {
		return e.Session
	}
	return e.key()
}

// key is the same for every repeat of the event.
func (e *Event) key() string {
	sum := sha256.Sum256([]byte(e.Source + "\x00" + e.ID))
	return "event-" + hex.EncodeToString(sum[:16])
}

// judge tells what another attempt may mend from what none will.
func judge(err error) error {
	var p *client.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch p.Code {
	case "invalid_request", "employee_locked", "idempotency_key_reused":
		return poison("%w", err)
	}
	return err
}

func isMissing(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}
