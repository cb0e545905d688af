package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/hotseat-hub/hotseat/session"
)

// seatRequest is what both logins take.
type seatRequest struct {
	TerminalID     *string         `json:"terminal_id"`
	DeviceName     *string         `json:"device_name"`
	IfActive       *string         `json:"if_active"`
	IdempotencyKey *string         `json:"idempotency_key"`
	TakeoverToken  json.RawMessage `json:"takeover_token"`
}

// device is the name of the device: as the client calls it, else made from its User-Agent.
func (s *seatRequest) device(userAgent string) string {
	if s.DeviceName != nil {
		if name := session.Clean(*s.DeviceName, session.MaxDevice); name != "" {
			return name
		}
	}
	return deviceName(userAgent)
}

// seat checks what both logins take and makes the command of it. The path is part of what an
// idempotency key stands for.
func (x *exchange) seat(path, employeeID string, s *seatRequest) (session.EmployeeID, session.Login, error) {
	cmd := session.Login{
		Deadline: x.deadline(), Session: newSession(),
		Lifetime: x.o.SessionLifetime, Idle: x.o.SessionIdle, Token: x.o.Tokens.Lifetime(),
		Default: x.o.Policy, Grace: x.o.DenyGrace,
	}
	employee, err := session.ParseEmployeeID(employeeID)
	if err != nil {
		return "", cmd, invalidRequest("%v", err)
	}
	cmd.Employee = employee
	if cmd.Terminal, err = terminalOf(s.TerminalID); err != nil {
		return "", cmd, err
	}
	if cmd.IfActive, err = ifActive(s.IfActive); err != nil {
		return "", cmd, err
	}
	if len(s.TakeoverToken) > 0 {
		return "", cmd, invalidRequest("takeover_token is not offered yet")
	}
	key, err := x.idempotencyKey(s.IdempotencyKey)
	if err != nil || key == "" {
		return employee, cmd, err
	}
	cmd.Key = &session.KeyRecord{Hash: digest("key", key), Body: digest(path, s.fingerprint(employee.Key()))}
	return employee, cmd, nil
}

// terminalOf is the client's terminal, or a new one.
func terminalOf(sent *string) (session.TerminalID, error) {
	if sent == nil {
		return session.TerminalID(uuid.NewString()), nil
	}
	terminal, err := session.ParseTerminalID(*sent)
	if err != nil {
		return "", invalidRequest("%v", err)
	}
	return terminal, nil
}

func ifActive(sent *string) (session.OnLimit, error) {
	if sent == nil {
		return 0, nil
	}
	switch *sent {
	case "takeover":
		return session.Takeover, nil
	case "deny":
		return session.Deny, nil
	case "ask":
		return 0, invalidRequest("if_active ask is not offered yet; use takeover or deny")
	}
	return 0, invalidRequest("if_active must be takeover or deny")
}

// idempotencyKey comes in the body or in the header; in both it must be the same.
func (x *exchange) idempotencyKey(sent *string) (string, error) {
	header := x.r.Header["Idempotency-Key"]
	switch {
	case len(header) > 1:
		return "", invalidRequest("more than one Idempotency-Key header")
	case len(header) == 0 && sent == nil:
		return "", nil
	case len(header) == 1 && sent != nil && header[0] != *sent:
		return "", invalidRequest("idempotency_key and the Idempotency-Key header differ")
	case len(header) == 1:
		sent = &header[0]
	}
	key := *sent
	if len(key) == 0 || len(key) > 128 {
		return "", invalidRequest("idempotency_key must have 1 to 128 characters")
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return "", invalidRequest("idempotency_key may have printable ASCII only")
		}
	}
	return key, nil
}

// fingerprint tells whether a request with the same idempotency key is the same request. The
// password is no part of it: it was checked, and a hash of it must not be kept.
func (s *seatRequest) fingerprint(key session.Key) string {
	return fmt.Sprintf("%q %s %s %s", key, quoted(s.TerminalID), quoted(s.DeviceName), quoted(s.IfActive))
}

func quoted(s *string) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%q", *s)
}

func digest(purpose, text string) [16]byte {
	sum := sha256.Sum256([]byte(purpose + "\x00" + text))
	return [16]byte(sum[:16])
}
