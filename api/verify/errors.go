package verify

import (
	"errors"
	"time"
)

// Why a token does not pass.
var (
	// ErrInvalid: not a token of this hub, now and later. Answer 401.
	ErrInvalid = errors.New("invalid token")
	// ErrExpired: rightly signed and past its time. Answer 401; its bearer refreshes.
	ErrExpired = errors.New("token expired")
	// ErrTerminated: its session has ended; errors.As with *TerminatedError says why. Answer 401.
	ErrTerminated = errors.New("session terminated")
	// ErrStale: it cannot be told now, because the hub has not been heard of for too long, or because
	// the key is new here. Answer 503; the bearer tries again.
	ErrStale = errors.New("cannot tell now whether the session lives")
)

// TerminatedError says how a session ended.
type TerminatedError struct {
	Session string
	Reason  string // new_login, logout, admin, expired, locked, token_reuse, ended
	At      time.Time
}

func (e *TerminatedError) Error() string { return "session terminated: " + e.Reason }

// Is makes errors.Is(err, ErrTerminated) true.
func (e *TerminatedError) Is(target error) bool { return target == ErrTerminated }
