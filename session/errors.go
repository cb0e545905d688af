package session

import "errors"

// What Step refuses. Exactly one place in api turns these into HTTP, one in hub into close codes.
var (
	// ErrNotFound: no such employee or session.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyExists: the employee was made before.
	ErrAlreadyExists = errors.New("already exists")
	// ErrLocked: the employee may not log in.
	ErrLocked = errors.New("employee locked")
	// ErrTerminated: the session has ended; use errors.As with *TerminatedError for the notice.
	ErrTerminated = errors.New("session terminated")
	// ErrSessionActive: the policy denies; use errors.As with *ActiveError for the holders.
	ErrSessionActive = errors.New("session active elsewhere")
	// ErrKeyReused: an idempotency key came back with another request.
	ErrKeyReused = errors.New("idempotency key reused with another request")
	// ErrLate: the command's deadline has passed. The caller may ask again.
	ErrLate = errors.New("deadline passed")
	// ErrEpochAhead: the token speaks of an epoch that the store has not reached.
	ErrEpochAhead = errors.New("token is ahead of the store")
	// ErrBadToken: a refresh token of a generation that was never issued.
	ErrBadToken = errors.New("token was never issued")
	// ErrPassed refuses a Refresh that would end its session and has come from another node. That node
	// carries it out itself, if it still waits for an answer.
	ErrPassed = errors.New("only the node that was asked may decide this")
	// ErrTicketSpent: the ticket was used, has expired, or is older than the owner's memory.
	ErrTicketSpent = errors.New("ticket expired or spent")
	// ErrCredentialChanged: the password changed while it was checked; check again.
	ErrCredentialChanged = errors.New("credential changed")
	// ErrLookupKey asks the driver for an idempotency key that the row may have dropped.
	ErrLookupKey = errors.New("idempotency key must be looked up")
	// ErrUnknownCommand: a command that Step has no rule for.
	ErrUnknownCommand = errors.New("unknown command")
)

// TerminatedError carries what the terminal of the ended session should be told.
type TerminatedError struct{ Notice Notice }

func (e *TerminatedError) Error() string {
	return "session " + e.Notice.Session.String() + " terminated: " + e.Notice.Reason.String()
}

// Is makes errors.Is(err, ErrTerminated) true.
func (e *TerminatedError) Is(target error) bool { return target == ErrTerminated }

// ActiveError carries the sessions that hold the seats.
type ActiveError struct{ Active []Session }

func (e *ActiveError) Error() string { return ErrSessionActive.Error() }

// Is makes errors.Is(err, ErrSessionActive) true.
func (e *ActiveError) Is(target error) bool { return target == ErrSessionActive }

// What a store answers to a write or a read.
var (
	// ErrConflict: the row's version was not the expected one; nothing of the write was done.
	ErrConflict = errors.New("version conflict")
	// ErrOutcomeUnknown: the connection was lost while the write was under way. It may have been
	// done, or may still be done later. Read the row to know.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrUnavailable: the store cannot be asked now; nothing was done.
	ErrUnavailable = errors.New("store unavailable")
	// ErrRejected: the store refuses this write for its data, and always will.
	ErrRejected = errors.New("write rejected")
	// ErrUsernameTaken: another employee has this username.
	ErrUsernameTaken = errors.New("username taken")
	// ErrOverloaded: a bounded queue is full; nothing was done. Retry later.
	ErrOverloaded = errors.New("overloaded")
)
