package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func (s *suite) readBack() {
	seat := NewSeat("Ada.Lovelace")
	require.Zero(s.T, s.Row(seat.Key()))
	for range 3 {
		s.Login(seat)
		require.Equal(s.T, seat.State.Employee, s.Row("ada.lovelace"))
	}
	require.Equal(s.T, seat.State.Employee, s.again().Row("ada.lovelace"))
}

func (s *suite) order() {
	keys := make([]session.Key, 0, 600)
	for i := range 300 {
		seat := NewSeat(fmt.Sprintf("e%03d", (i*7)%300))
		s.Login(seat)
		keys = append(keys, seat.Key(), session.Key(fmt.Sprintf("missing%d", i)))
	}
	keys = append(keys, keys[0])
	rows := persist(s.Subject, func() ([]session.Employee, error) { return s.Load(s.T.Context(), keys) })
	require.Len(s.T, rows, len(keys))
	for i, row := range rows {
		if i%2 == 0 {
			require.Equal(s.T, keys[i], row.ID.Key())
		} else {
			require.Zero(s.T, row)
		}
	}
	none := persist(s.Subject, func() ([]session.Employee, error) { return s.Load(s.T.Context(), nil) })
	require.Empty(s.T, none)
}

// compareAndSet lets writers of two nodes read and write one row as fast as they can: as many writes
// succeed as the version says.
func (s *suite) compareAndSet() {
	const writers, rounds = 8, 25
	nodes := []Subject{s.Subject, s.again()}
	var won atomic.Int64
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			node := nodes[n%2]
			for range rounds {
				seat := &Seat{ID: "ada", Owner: byte(n), State: session.State{Employee: node.Row("ada")}}
				w := seat.Login(1000)
				if node.Commit(w)[0] == nil {
					won.Add(1)
				}
			}
		})
	}
	all.Wait()
	row := s.Row("ada")
	require.Equal(s.T, session.Version(won.Load()), row.Version)
	require.Equal(s.T, session.Epoch(won.Load()), row.Epoch)
	require.Len(s.T, s.Started(10), int(won.Load()), "one event for each write that won, none for the others")
}

func (s *suite) insertBranch() {
	seat := NewSeat("ada")
	w := seat.Login(1)
	w.Expected = 3
	require.Equal(s.T, []error{session.ErrConflict}, s.Commit(w))
	require.Equal(s.T, []error{session.ErrConflict, nil}, s.Commit(w, NewSeat("bea").Login(1)), "nor beside one that inserts")
	require.Zero(s.T, s.Row("ada"))
	s.Login(seat)
	fresh := &Seat{ID: "ada", Owner: 1}
	require.Equal(s.T, []error{session.ErrConflict}, s.Commit(fresh.Login(2)))
	require.Equal(s.T, seat.State.Employee, s.Row("ada"))
	require.Len(s.T, s.Started(10), 2)
}

func (s *suite) tombstone() {
	seat := NewSeat("Ada")
	s.Login(seat)
	name := "lovelace"
	s.Must(seat.Write(s.Time(), session.Update{Profile: &session.ProfilePatch{Username: &name}}))
	seat.Done()
	s.Must(seat.Write(s.Time(), session.Delete{}))
	seat.Done()

	row := s.Row("ada")
	require.True(s.T, row.Deleted)
	require.Equal(s.T, session.Version(3), row.Version)
	require.Equal(s.T, session.Epoch(2), row.Epoch)
	_, err := try(func() (session.Profile, error) { return s.Profile(s.T.Context(), "ada") })
	require.ErrorIs(s.T, err, session.ErrNotFound)
	_, err = try(func() (session.Profile, error) { return s.ProfileByUsername(s.T.Context(), "lovelace") })
	require.ErrorIs(s.T, err, session.ErrNotFound)

	other := NewSeat("grace")
	s.Must(other.Write(s.Time(), session.Create{Employee: "grace", Profile: session.ProfilePatch{Username: &name}}))
	require.Equal(s.T, []error{session.ErrConflict}, s.Commit((&Seat{ID: "ada", Owner: 1}).Login(s.Time())))
	seat.ID = "ADA" // made again, spelled anew
	s.Login(seat)
	row = s.Row("ada")
	require.Equal(s.T, session.Employee{ID: "ADA", Version: 4, Epoch: 3}, session.Employee{ID: row.ID, Version: row.Version, Epoch: row.Epoch})
	p := persist(s.Subject, func() (session.Profile, error) { return s.Profile(s.T.Context(), "ada") })
	require.Equal(s.T, session.Profile{ID: "ADA"}, p)
}

func (s *suite) conflictInBatch() {
	stale, name := NewSeat("mid"), "middle"
	s.Login(stale)
	old := &Seat{ID: "mid", Owner: 1, State: stale.State}
	s.Login(stale)
	var writes []store.Write
	for _, id := range []string{"zoe", "abe", "mid", "new"} {
		seat := NewSeat(id)
		if id == "mid" {
			seat = old
		}
		w := seat.Login(s.Time() + 7) // unlike the login that won
		w.Change.Key = &session.KeyRecord{Hash: [16]byte{1}, At: s.Time()}
		if id == "mid" {
			w.Change.Profile = &session.ProfilePatch{FirstName: &name}
		}
		writes = append(writes, w)
	}
	require.Equal(s.T, []error{nil, nil, session.ErrConflict, nil}, s.Commit(writes...))
	require.Equal(s.T, stale.State.Employee, s.Row("mid"))
	require.Len(s.T, s.Started(10), 5)
	k := persist(s.Subject, func() (*session.KeyRecord, error) { return s.FindKey(s.T.Context(), "mid", [16]byte{1}, 0) })
	require.Nil(s.T, k)
	k = persist(s.Subject, func() (*session.KeyRecord, error) { return s.FindKey(s.T.Context(), "new", [16]byte{1}, 0) })
	require.NotNil(s.T, k)
	p := persist(s.Subject, func() (session.Profile, error) { return s.Profile(s.T.Context(), "mid") })
	require.Empty(s.T, p.FirstName)
}

func (s *suite) twiceInBatch() {
	one, other := NewSeat("ada"), &Seat{ID: "ada", Owner: 1}
	errs := s.Commit(one.Login(1), NewSeat("bea").Login(1), other.Login(2))
	require.Equal(s.T, []error{nil, nil, session.ErrConflict}, errs)
	one.Done()
	require.Equal(s.T, one.State.Employee, s.Row("ada"))
	require.Len(s.T, s.Started(10), 2)
}

func (s *suite) culprit() {
	var writes []store.Write
	for i := range 33 {
		w := NewSeat(fmt.Sprintf("e%02d", i)).Login(s.Time())
		switch i {
		case 7:
			w.Key = "e\xff"
		case 21:
			w.Change.Save.ID = "e\x00"
		}
		writes = append(writes, w)
	}
	bad := "\xff"
	w := NewSeat("profile").Login(s.Time())
	w.Change.Profile = &session.ProfilePatch{LastName: &bad}
	for i, err := range s.Commit(append(writes, w)...) {
		if i == 7 || i == 21 || i == 33 {
			require.ErrorIs(s.T, err, session.ErrRejected, i)
			continue
		}
		require.NoError(s.T, err, i)
		require.Equal(s.T, *writes[i].Change.Save, s.Row(writes[i].Key))
	}
	require.Len(s.T, s.Started(100), 31)
	s.Login(NewSeat("later"))
}

func (s *suite) cancelled() {
	ctx, cancel := context.WithCancel(s.T.Context())
	cancel()
	for range 3 {
		for _, err := range s.Store.Commit(ctx, 0, []store.Write{NewSeat("ada").Login(1)}) {
			require.True(s.T, err == session.ErrOutcomeUnknown || errIs(err, session.ErrUnavailable), err)
		}
	}
	require.Zero(s.T, s.Row("ada"))
}
