package client

import (
	"encoding/json"
	"time"
)

// Raw keeps a reply as it came, so that --json shows fields that this program does not know.
type Raw struct {
	JSON json.RawMessage `json:"-"`
}

func (r *Raw) keep(text []byte) { r.JSON = text }

// Session is a session as the API shows it.
type Session struct {
	Raw
	ID         string    `json:"session_id"`
	Employee   string    `json:"employee_id"`
	Terminal   string    `json:"terminal_id"`
	Device     string    `json:"device_name"`
	Epoch      uint64    `json:"epoch"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	ExternalID string    `json:"external_id"`
}

// Ended is a session that a call has ended, and how far its terminal's notice had got.
type Ended struct {
	ID         string  `json:"session_id"`
	Terminal   string  `json:"terminal_id"`
	Device     string  `json:"device_name"`
	Delivery   string  `json:"delivery"`
	DeliveryMS float64 `json:"delivery_ms"`
}

// Login is the reply to a login and to a refresh.
type Login struct {
	Raw
	AccessToken  string   `json:"access_token"`
	ExpiresIn    int      `json:"expires_in"` // seconds
	RefreshToken string   `json:"refresh_token"`
	Session      Session  `json:"session"`
	Employee     Employee `json:"employee"`
	Terminated   []Ended  `json:"terminated"`
}

// LoginRequest is what POST /v1/login takes.
type LoginRequest struct {
	Employee string `json:"employee_id"`
	Password string `json:"password"`
	Terminal string `json:"terminal_id,omitempty"`
	Device   string `json:"device_name,omitempty"`
	IfActive string `json:"if_active,omitempty"`
}

// TrustedLoginRequest is what POST /v1/sessions takes from a backend.
type TrustedLoginRequest struct {
	Employee   string `json:"employee_id"`
	Terminal   string `json:"terminal_id,omitempty"`
	Device     string `json:"device_name,omitempty"`
	IfActive   string `json:"if_active,omitempty"`
	Override   bool   `json:"override,omitempty"`
	IP         string `json:"ip,omitempty"`
	UserAgent  string `json:"user_agent,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	// IdempotencyKey makes a repeat harmless.
	IdempotencyKey string `json:"idempotency_key,omitempty"`
}

// Employee is an employee's record; the fields that a call does not give are absent.
type Employee struct {
	Raw
	ID        string  `json:"employee_id"`
	Username  string  `json:"username,omitempty"`
	FirstName string  `json:"first_name,omitempty"`
	LastName  string  `json:"last_name,omitempty"`
	Email     string  `json:"email,omitempty"`
	Role      string  `json:"role,omitempty"`
	LegacyID  *int64  `json:"legacy_id,omitempty"`
	Policy    *Policy `json:"policy,omitempty"`
	Locked    bool    `json:"locked,omitempty"`
	Password  string  `json:"password,omitempty"` // only sent
}

// Policy is an employee's own seat policy.
type Policy struct {
	MaxSessions int    `json:"max_sessions"`
	OnLimit     string `json:"on_limit"`
}

// Ticket opens one socket or event stream.
type Ticket struct {
	Ticket    string `json:"ticket"`
	ExpiresIn int    `json:"expires_in"` // seconds
}

// SessionList is the reply to a list of sessions.
type SessionList struct {
	Raw
	Sessions []Session `json:"sessions"`
}

// EndedList is the reply to an operator's ending.
type EndedList struct {
	Raw
	Ended []Ended `json:"ended"`
}

// Sockets is the reply to a test termination.
type Sockets struct {
	Raw
	Sockets int `json:"sockets"`
}

// NodeList is the reply about a cluster.
type NodeList struct {
	Raw
	Nodes []Node `json:"nodes"`
}

// Node is one of its nodes.
type Node struct {
	Name      string `json:"node"`
	URL       string `json:"url"`
	Answered  bool   `json:"answered"`
	Ready     bool   `json:"ready"`
	Draining  bool   `json:"draining"`
	LeaseMS   int64  `json:"lease_remaining_ms"`
	Employees int    `json:"employees"`
	Sockets   int    `json:"sockets"`
	TailLagMS int64  `json:"tail_lag_ms"`
	Versions  struct {
		Program  string `json:"program"`
		Schema   int64  `json:"schema"`
		Envelope int64  `json:"envelope"`
	} `json:"versions"`
}

// Rotation is the reply to a rotation of the signing keys.
type Rotation struct {
	Raw
	KID       string    `json:"kid"`
	Alg       string    `json:"alg"`
	SignsFrom time.Time `json:"signs_from"`
	Retired   []string  `json:"retired"`
}

// Imported is the reply to an import of employees.
type Imported struct {
	Raw
	Lines   int `json:"lines"`
	Created int `json:"created"`
	Updated int `json:"updated"`
	Failed  int `json:"failed"`
	Errors  []struct {
		Line     int    `json:"line"`
		Employee string `json:"employee_id"`
		Code     string `json:"code"`
		Detail   string `json:"detail"`
	} `json:"errors"`
}

// Message is anything a socket says.
type Message struct {
	Raw
	Type      string    `json:"type"`
	Session   string    `json:"session_id"`
	Employee  string    `json:"employee_id"`
	Terminal  string    `json:"terminal_id"`
	Epoch     uint64    `json:"epoch"`
	Seq       *int      `json:"seq"`
	ExpiresAt time.Time `json:"expires_at"`

	Heartbeat int `json:"heartbeat_ms"`       // of session_established
	Reconnect int `json:"reconnect_after_ms"` // of server_draining

	Text   string    `json:"message"` // of session_terminated and error
	Reason string    `json:"reason"`
	At     time.Time `json:"timestamp"`
	By     *By       `json:"by"`
	Test   bool      `json:"test"`
	Code   string    `json:"code"`
}

// By is who ended a session: a terminal, or an operator's key by its name.
type By struct {
	Terminal string `json:"terminal_id"`
	Device   string `json:"device_name"`
	Name     string `json:"name"`
}
