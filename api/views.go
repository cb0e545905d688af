package api

import (
	"github.com/hotseat-hub/hotseat/session"
)

// The shapes on the wire. Fields are added, never renamed.

// sessionView is a session as its owner and operators see it.
type sessionView struct {
	SessionID  session.ID         `json:"session_id"`
	EmployeeID session.EmployeeID `json:"employee_id"`
	TerminalID session.TerminalID `json:"terminal_id,omitempty"` // kept from others under --compat-pos
	DeviceName string             `json:"device_name"`
	Epoch      session.Epoch      `json:"epoch"`
	CreatedAt  session.Time       `json:"created_at"`
	ExpiresAt  session.Time       `json:"expires_at"`
	IP         string             `json:"ip"`
	UserAgent  string             `json:"user_agent"`
	ExternalID *string            `json:"external_id"`
	Employee   *employeeView      `json:"employee,omitempty"`
}

func viewSession(employee session.EmployeeID, s *session.Session) sessionView {
	v := sessionView{
		SessionID: s.ID, EmployeeID: employee, TerminalID: s.Terminal, DeviceName: s.Device, Epoch: s.Epoch,
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, IP: s.IP, UserAgent: s.UserAgent,
	}
	if s.ExternalID != "" {
		v.ExternalID = &s.ExternalID
	}
	return v
}

// employeeView is an employee as the terminal greets one.
type employeeView struct {
	EmployeeID session.EmployeeID `json:"employee_id"`
	FirstName  string             `json:"first_name"`
	LastName   string             `json:"last_name"`
}

func viewEmployee(row *session.Employee) *employeeView {
	return &employeeView{EmployeeID: row.ID, FirstName: row.FirstName, LastName: row.LastName}
}

// terminatedView is a session that a command ended, and how far its notice got.
type terminatedView struct {
	SessionID  session.ID         `json:"session_id"`
	TerminalID session.TerminalID `json:"terminal_id,omitempty"` // kept from others under --compat-pos
	DeviceName string             `json:"device_name"`
	Delivery   string             `json:"delivery"`
	DeliveryMS *float64           `json:"delivery_ms"` // null when offline
}

// activeView is a session that holds a seat under the policy deny.
type activeView struct {
	SessionID  session.ID         `json:"session_id"`
	TerminalID session.TerminalID `json:"terminal_id,omitempty"` // kept from others under --compat-pos
	DeviceName string             `json:"device_name"`
	CreatedAt  session.Time       `json:"created_at"`
}

func activeViews(sessions []session.Session) []activeView {
	var views []activeView
	for i := range sessions {
		s := &sessions[i]
		views = append(views, activeView{SessionID: s.ID, TerminalID: s.Terminal, DeviceName: s.Device, CreatedAt: s.CreatedAt})
	}
	return views
}

// grantView answers logins and refreshes.
type grantView struct {
	AccessToken  string            `json:"access_token"`
	TokenType    string            `json:"token_type"`
	ExpiresIn    int64             `json:"expires_in"` // seconds
	RefreshToken string            `json:"refresh_token"`
	Session      sessionView       `json:"session"`
	Employee     *employeeView     `json:"employee"`
	Terminated   *[]terminatedView `json:"terminated,omitempty"` // of logins only
}
