package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func (s *suite) rows() {
	const employees = 25
	for i := range employees {
		seat := NewSeat(fmt.Sprintf("e%02d", i))
		s.Login(seat)
		if i%5 == 0 {
			_, change, err := session.Step(seat.State, s.Time(), session.Delete{Actor: "ops"})
			require.NoError(s.T, err)
			s.Must(store.Write{Key: seat.Key(), Expected: seat.State.Version, Change: &change})
		}
	}
	var seen []session.EmployeeID
	deleted := 0
	for after := session.Key(""); ; {
		rows := persist(s.Subject, func() ([]session.Employee, error) { return s.Rows(s.T.Context(), after, 7) })
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			seen = append(seen, rows[i].ID)
			if rows[i].Deleted {
				deleted++
			}
			after = rows[i].ID.Key()
		}
	}
	require.Len(s.T, seen, employees)
	require.IsIncreasing(s.T, seen)
	require.Equal(s.T, 5, deleted)
}

func (s *suite) generation() {
	seat := NewSeat("ada")
	w := seat.Login(s.Time())
	w.Change.Key = &session.KeyRecord{Hash: [16]byte{1}, At: s.Time()}
	s.Must(w)
	seat.Done()
	persist(s.Subject, func() (any, error) { return nil, s.SetMark(s.T.Context(), "sweep", "1") })
	persist(s.Subject, func() (any, error) { return nil, s.NewGeneration(s.T.Context()) })
	require.Empty(s.T, s.Started(10))
	require.Empty(s.T, persist(s.Subject, func() (store.LogPosition, error) { return s.Mark(s.T.Context(), "sweep") }))
	require.Nil(s.T, persist(s.Subject, func() (*session.KeyRecord, error) { return s.FindKey(s.T.Context(), "ada", [16]byte{1}, 0) }))
	require.Equal(s.T, seat.State.Version, s.Row("ada").Version)
	tail := s.Tail()
	s.Next(tail)
	s.Login(seat)
	require.Len(s.T, s.Next(tail), 1, "the log goes on")
	require.Len(s.T, s.Started(10), 1)
}
