package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hotseat-hub/hotseat/session"
)

// verdict is what an error of the server means for the statement that got it.
type verdict int

const (
	later       verdict = iota // nothing was done; nothing is wrong with the data
	unknown                    // the connection went while the statement ran
	again                      // nothing was done; the same statement may succeed at once
	noPartition                // the log has no partition for this moment
	badData                    // one of the writes can never be stored
)

// judge reads the error of a commit. An error of severity ERROR always undid the whole statement; a
// FATAL one may have met a server that was shutting down after the commit.
func judge(err error) verdict {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if pgconn.SafeToRetry(err) {
			return again
		}
		return unknown
	}
	class := e.Code[:min(2, len(e.Code))]
	switch {
	case e.SeverityUnlocalized == "FATAL" || e.SeverityUnlocalized == "PANIC" || e.Severity == "FATAL" || e.Severity == "PANIC":
		return unknown
	case e.Code == "40P01" || e.Code == "40001":
		return again
	case e.Code == "23514" && e.ConstraintName == "" && strings.HasPrefix(e.TableName, "log"):
		return noPartition
	case class == "22" || class == "23" || class == "54":
		return badData
	}
	return later
}

// refusal is the error of the one write that the server will not take.
func refusal(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "23505" && e.ConstraintName == "profiles_username" {
		return session.ErrUsernameTaken
	}
	return fmt.Errorf("%w: %w", session.ErrRejected, err)
}

// unavailable wraps err, and says what to do where that is known.
func unavailable(err error) error {
	var e *pgconn.PgError
	if errors.Is(err, session.ErrUnavailable) {
		return err
	}
	if errors.As(err, &e) && e.Code == "53100" {
		return fmt.Errorf("disk full: make room on the database server: %w: %w", session.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}

// problem is the error of anything but a commit. Only what the server refuses for its data, and what
// the caller's own context ended, is not ErrUnavailable.
func problem(ctx context.Context, err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrNoRows), errors.Is(err, session.ErrUnavailable):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case errors.As(err, &e):
		if v := judge(err); v == badData {
			return err
		}
		return unavailable(err)
	case isConnection(err):
		return unavailable(err)
	}
	return err
}

// isConnection tells a lost or refused connection from a defect of ours, such as a row that cannot
// be decoded.
func isConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network interface{ Timeout() bool }
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, context.DeadlineExceeded) || isClosed(err)
}

// isReadOnly: the server became a standby; a new connection finds the primary.
func isReadOnly(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "25006"
}
