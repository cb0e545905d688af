package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hotseat-hub/hotseat/session"
)

var errClosed = fmt.Errorf("store closed: %w", session.ErrUnavailable)

// problem says what an error of SQLite means to a caller: anything that more disk, time or a restart
// would mend is ErrUnavailable.
func problem(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil, errors.Is(err, session.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone), err.Error() == "sql: database is closed":
		return errClosed
	case !errors.As(err, &e):
		return err
	case e.Code()&0xff == sqlite3.SQLITE_FULL:
		return fmt.Errorf("disk full: make room in the data folder: %w: %w", session.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}

// commitProblem is problem for COMMIT itself. After an I/O error the frames may be in the WAL, and
// a crash before the next commit could bring them to life. A full disk cannot: the frame that
// commits is the last one written.
func commitProblem(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_IOERR {
		return fmt.Errorf("%w: %w", session.ErrOutcomeUnknown, err)
	}
	return problem(err)
}
