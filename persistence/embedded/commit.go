package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Commit implements store.Store: all writes in one transaction, with one fsync.
func (s *Store) Commit(ctx context.Context, _ int, writes []store.Write) []error {
	errs := make([]error, len(writes))
	s.mu.Lock()
	defer s.mu.Unlock()
	err := ctx.Err()
	switch {
	case s.closed:
		err = errClosed
	case err != nil:
		err = fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	default:
		err = s.transact(writes, errs)
	}
	for i := range errs {
		if err != nil && (errs[i] == nil || !final(errs[i])) {
			errs[i] = err
		}
	}
	return errs
}

// final reports whether a write's own error stays true when the transaction fails.
func final(err error) bool { return err != session.ErrConflict && err != session.ErrUsernameTaken }

func (s *Store) transact(writes []store.Write, errs []error) error {
	tx, err := s.write.BeginTx(context.Background(), nil)
	if err != nil {
		return problem(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing to undo after Commit
	t := transaction{tx: tx, stmts: &s.stmts, now: session.TimeOf(time.Now())}
	for _, i := range store.Sorted(writes, errs) {
		if errs[i] = check(&writes[i]); errs[i] != nil {
			continue
		}
		done, err := t.apply(&writes[i])
		if err != nil {
			return problem(err)
		}
		errs[i] = done
	}
	if err := t.appendLog(); err != nil {
		return problem(err)
	}
	return commitProblem(tx.Commit())
}

// transaction is one Commit at work.
type transaction struct {
	tx    *sql.Tx
	stmts *statements
	now   session.Time
	log   []byte
}

// apply answers what became of one write; an error of the second kind fails them all.
func (t *transaction) apply(w *store.Write) (refused, err error) {
	if taken, err := t.usernameTaken(w); taken || err != nil {
		return session.ErrUsernameTaken, err
	}
	if saved, err := t.save(w); !saved || err != nil {
		return session.ErrConflict, err
	}
	if err := t.saveKey(w); err != nil {
		return nil, err
	}
	if err := t.saveProfile(w); err != nil {
		return nil, err
	}
	if len(w.Change.Events) > 0 {
		t.log = session.AppendEvents(t.log, w.Change.Events)
	}
	return nil, nil
}

// save is the compare-and-set. The insert branch is for expected zero only: an old owner's write must
// never bring a row to life.
func (t *transaction) save(w *store.Write) (saved bool, err error) {
	row := w.Change.Save
	state := row.AppendRow(make([]byte, 0, 512))
	var result sql.Result
	if w.Expected == 0 {
		result, err = t.tx.Stmt(t.stmts.insert).Exec(string(w.Key), string(row.ID), int64(row.Version), int64(row.Epoch), state)
	} else {
		result, err = t.tx.Stmt(t.stmts.update).Exec(string(row.ID), int64(row.Version), int64(row.Epoch), state, string(w.Key), int64(w.Expected))
	}
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

func (t *transaction) saveKey(w *store.Write) error {
	k := w.Change.Key
	if k == nil {
		return nil
	}
	_, err := t.tx.Stmt(t.stmts.key).Exec(string(w.Key), k.Hash[:], k.Body[:], k.Session[:], int64(k.At))
	return err
}

func (t *transaction) appendLog() error {
	if len(t.log) == 0 {
		return nil
	}
	_, err := t.tx.Stmt(t.stmts.log).Exec(int64(t.now), t.log)
	return err
}
