package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// patience is how often the subject asks a store that says it is away. A store that fails in turns may fail
// one of several askers every time, for as long as the others are there to take the turns in between.
const patience = 10_000

// Subject is a store under test. Its own methods ask again when it is away.
type Subject struct {
	store.Store
	T *testing.T
}

// persist asks until the store is there.
func persist[V any](s Subject, ask func() (V, error)) V {
	s.T.Helper()
	value, err := try(ask)
	require.NoError(s.T, err)
	return value
}

// try asks until the store is there, and returns any other error.
func try[V any](ask func() (V, error)) (value V, err error) {
	for range patience {
		if value, err = ask(); !errors.Is(err, session.ErrUnavailable) {
			break
		}
	}
	return value, err
}

// Commit commits the writes as the product does: it asks again when the store was away, and reads the
// row when the outcome is unknown.
func (s Subject) Commit(writes ...store.Write) []error {
	s.T.Helper()
	errs := s.Store.Commit(s.T.Context(), 0, writes)
	require.Len(s.T, errs, len(writes))
	for range patience {
		var open []int
		var again []store.Write
		for i := range errs {
			if errors.Is(errs[i], session.ErrOutcomeUnknown) {
				errs[i] = s.outcome(writes[i])
			}
			if errors.Is(errs[i], session.ErrUnavailable) {
				open, again = append(open, i), append(again, writes[i])
			}
		}
		if len(open) == 0 {
			return errs
		}
		for at, err := range s.Store.Commit(s.T.Context(), 0, again) {
			errs[open[at]] = err
		}
	}
	s.T.Fatalf("the store does not come back: %v", errs)
	return nil
}

// outcome reads the row of a write whose outcome nobody heard. ErrUnavailable means: not done.
func (s Subject) outcome(w store.Write) error {
	rows, err := try(func() ([]session.Employee, error) { return s.Store.Load(s.T.Context(), []session.Key{w.Key}) })
	switch {
	case err != nil || rows[0].Version == w.Expected:
		// A key that cannot even be read is refused in so many words the next time.
		return session.ErrUnavailable
	case rows[0].Version == w.Expected+1 && bytes.Equal(rows[0].AppendRow(nil), w.Change.Save.AppendRow(nil)):
		return nil
	case s.began(w, &rows[0]):
		return nil
	}
	return session.ErrConflict
}

// began reports whether the session that w begins is in the row, or was: others have written since, maybe so
// often that only the log remembers it.
func (s Subject) began(w store.Write, row *session.Employee) bool {
	s.T.Helper()
	n := len(w.Change.Save.Active)
	if n == 0 {
		return false
	}
	id := w.Change.Save.Active[n-1].ID
	if row.Find(id) != nil || row.Ended(id) != nil {
		return true
	}
	return len(row.Endings) == session.MaxEndings &&
		slices.ContainsFunc(s.Started(100), func(e session.Event) bool { return e.Session.ID == id })
}

// Must commits writes that nothing stands against.
func (s Subject) Must(writes ...store.Write) {
	s.T.Helper()
	for i, err := range s.Commit(writes...) {
		require.NoError(s.T, err, "write of %s", writes[i].Key)
	}
}

// Row reads one employee.
func (s Subject) Row(key session.Key) session.Employee {
	s.T.Helper()
	return persist(s, func() ([]session.Employee, error) { return s.Load(s.T.Context(), []session.Key{key}) })[0]
}

// Login takes the seat once more and commits it.
func (s Subject) Login(seat *Seat) {
	s.T.Helper()
	s.Must(seat.Login(s.Time()))
	seat.Done()
}

// Time is the store's.
func (s Subject) Time() session.Time {
	s.T.Helper()
	return persist(s, func() (session.Time, error) { return s.Now(s.T.Context()) })
}

// Next reads a tail.
func (s Subject) Next(tail store.Tail) []session.Event {
	s.T.Helper()
	return persist(s, func() ([]session.Event, error) { return tail.Next(s.T.Context()) })
}

// Started reads all that was ever started.
func (s Subject) Started(limit int) []session.Event {
	s.T.Helper()
	end := s.Time() + 3_600_000
	return s.walk(func(at store.LogPosition) ([]session.Event, store.LogPosition, error) {
		return s.Store.Started(s.T.Context(), at, end, limit)
	})
}

// Ended reads all that has ended since a time.
func (s Subject) Ended(since session.Time, limit int) []session.Event {
	s.T.Helper()
	return s.walk(func(at store.LogPosition) ([]session.Event, store.LogPosition, error) {
		return s.Store.Ended(s.T.Context(), since, at, limit)
	})
}

// walk asks for page after page until there is none.
func (s Subject) walk(next func(store.LogPosition) ([]session.Event, store.LogPosition, error)) (all []session.Event) {
	s.T.Helper()
	for at := store.LogPosition(""); ; {
		type page struct {
			events []session.Event
			at     store.LogPosition
		}
		p := persist(s, func() (p page, err error) {
			p.events, p.at, err = next(at)
			return p, err
		})
		if len(p.events) == 0 {
			return all
		}
		all, at = append(all, p.events...), p.at
	}
}

// Names are events in words, for comparison.
func Names(events []session.Event) []string {
	names := make([]string, 0, len(events))
	for _, e := range events {
		names = append(names, fmt.Sprintf("%s/%d/%d %s", e.Employee, e.Epoch, e.N, e.Type))
	}
	return names
}
