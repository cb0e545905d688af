package history

import "time"

// Version is the format's. It goes up when an old checker would misread a new history.
const Version = 1

// Header is a history's first line: what the checker must know that no operation says.
type Header struct {
	Version int       `json:"hotseat_history"`
	Started time.Time `json:"started"` // zero of all instants, by the wall clock; for people only
	// Command is what recorded, as a shell would read it.
	Command string `json:"command,omitempty"`
	Seed    uint64 `json:"seed,omitempty"`
	// MaxSessions is the policy N of the employees; 0 means 1.
	MaxSessions int `json:"max_sessions,omitempty"`
	// MaxStalenessMS is the server's --max-staleness; 0 means its default of 5 s.
	MaxStalenessMS int64 `json:"max_staleness_ms,omitempty"`
	// Complete says that every command for these employees since they were made is in this history,
	// those with unknown outcome included. Only then can a login that was lost or done twice be told
	// from one that somebody else made.
	Complete bool `json:"complete,omitempty"`
	// Alone says that nobody else commanded these employees while this was recorded, whatever was
	// before: every command since an employee's first login is in this history. Then a login that was
	// lost, or done twice, can be told too.
	Alone bool `json:"alone,omitempty"`
}

// Seats is the policy N.
func (h *Header) Seats() int { return max(h.MaxSessions, 1) }

// MaxStaleness is the age past which a local answer must be a 503.
func (h *Header) MaxStaleness() time.Duration {
	if h.MaxStalenessMS == 0 {
		return 5 * time.Second
	}
	return time.Duration(h.MaxStalenessMS) * time.Millisecond
}
