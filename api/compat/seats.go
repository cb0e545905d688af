package compat

import (
	"context"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Terminals finds the employee at a terminal whose id this server made.
type Terminals interface {
	KeepTerminal(ctx context.Context, id session.TerminalID, key session.Key, until session.Time) error
	// Terminal is empty for an id that was never kept.
	Terminal(ctx context.Context, id session.TerminalID) (session.Key, error)
}

// Rows reads an employee as the store has it, no older than the call.
type Rows interface {
	Load(ctx context.Context, key session.Key) (session.Employee, error)
}

// Seats finds the session behind the original's credentials. Any goroutine may call its methods.
type Seats struct {
	Tokens    *Tokens
	Terminals Terminals
	Rows      Rows
	// UnsafeLogout: the id of a terminal is enough to log out there, as with the original.
	UnsafeLogout bool
}

// Seat is where a credential leads: a session that is, or one that has ended.
type Seat struct {
	Row     session.Employee
	Session *session.Session // nil: it has ended
	Ended   session.ID       // the newest session that ended at the terminal, when the row remembers one
	// Expires is when the token does; zero for a bare terminal.
	Expires session.Time
}

// Keep notes that the server made this terminal's id for a session.
func (s *Seats) Keep(ctx context.Context, key session.Key, one *session.Session) error {
	return s.Terminals.KeepTerminal(ctx, one.Terminal, key, one.ExpiresAt.Add(Lifetime))
}

// At is the seat at a terminal; nil when this server did not make the id.
func (s *Seats) At(ctx context.Context, terminal session.TerminalID) (*Seat, error) {
	key, err := s.Terminals.Terminal(ctx, terminal)
	if err != nil || key == "" {
		return nil, err
	}
	row, err := s.Rows.Load(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("load the employee at a terminal: %w", err)
	}
	seat := &Seat{Row: row}
	for i := range row.Active {
		if row.Active[i].Terminal == terminal {
			seat.Session = &row.Active[i]
		}
	}
	for i := range row.Endings {
		if row.Endings[i].Terminal == terminal {
			seat.Ended = row.Endings[i].Session
		}
	}
	return seat, nil
}

// Of is the seat of a token; ErrNotOurs when it is none of the original's, and nil when the terminal
// has been forgotten. A token is one login's: another session at its terminal has ended it.
func (s *Seats) Of(ctx context.Context, text string) (*Seat, error) {
	token, err := s.Tokens.Parse(text)
	if err != nil {
		return nil, err
	}
	seat, err := s.At(ctx, token.Terminal)
	if seat == nil || err != nil {
		return nil, err
	}
	seat.Expires = token.Expires
	if one := seat.Session; one != nil && expiry(one) != token.Expires {
		seat.Session = nil
	}
	return seat, nil
}

// expiry is that of a session's token: Lifetime after the login, and never after the session. It tells
// one login from another at the same terminal, because both are of the same second only when the
// later was less than a second after the earlier.
func expiry(one *session.Session) session.Time {
	return min(one.CreatedAt.Add(Lifetime), one.ExpiresAt) / 1000 * 1000
}

// TokenOf is what a session's token says.
func TokenOf(profile *session.Profile, one *session.Session) Token {
	t := Token{UserID: string(profile.ID), Username: Username(profile), Terminal: one.Terminal, Expires: expiry(one)}
	if profile.LegacyID != nil {
		t.UserID = *profile.LegacyID
	}
	return t
}

// Username of somebody who may have none but the id.
func Username(profile *session.Profile) string {
	if profile.Username != "" {
		return profile.Username
	}
	return string(profile.ID)
}

// Left is how long the token of a session lives from now on.
func Left(one *session.Session, now session.Time) time.Duration { return max(0, expiry(one).Sub(now)) }
