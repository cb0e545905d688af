package store

import (
	"context"

	"github.com/hotseat-hub/hotseat/session"
)

// MaxDeadLetters bounds what is kept; house-keeping removes the oldest beyond it.
const MaxDeadLetters = 10_000

// DeadLetter is an event that a receiver would not take.
type DeadLetter struct {
	Receiver string
	EventID  string
	At       session.Time // given up
	Why      string
	Event    []byte // a structured CloudEvent
}

// DeadLetters keeps what was given up.
type DeadLetters interface {
	// AddDeadLetter replaces an earlier one of the same event and receiver.
	AddDeadLetter(ctx context.Context, letter DeadLetter) error
	// DeadLetters lists the newest ones, the newest first.
	DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error)
}
