package storetest

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func errIs(err, target error) bool { return errors.Is(err, target) }

func (s *suite) events() {
	tail := s.Tail()
	require.Empty(s.T, s.Next(tail))
	seats := []*Seat{NewSeat("ada"), NewSeat("bea"), NewSeat("cleo")}
	var ended, started []string
	for range 5 {
		for _, seat := range seats {
			s.Login(seat)
			for _, e := range Names(seat.change.Events) {
				if seat.change.Events[0].Type.Ends() && e == Names(seat.change.Events)[0] {
					ended = append(ended, e)
				} else {
					started = append(started, e)
				}
			}
		}
	}
	got := s.Next(tail)
	require.Equal(s.T, ended, Names(got))
	last := seats[2].change.Events[0]
	require.Equal(s.T, last, got[len(got)-1], "every field comes back")
	require.Equal(s.T, started, Names(s.Started(4)))
	require.Empty(s.T, s.Next(tail))
}

func (s *suite) tail() {
	tail := s.Tail()
	nodes := []Subject{s.Subject, s.again()}
	seen := map[string]int{}
	read := func() {
		for _, name := range Names(s.Next(tail)) {
			seen[name]++
		}
	}
	want := map[string]int{}
	for round := range 6 {
		if round == 3 {
			nodes = append(nodes, s.again()) // joins later
		}
		for n, node := range nodes {
			seat := NewSeat(fmt.Sprintf("r%d-n%d", round, n))
			node.Login(seat)
			node.Login(seat)
			want[Names(seat.change.Events)[0]]++
		}
		read()
	}
	read()
	require.Equal(s.T, want, seen)
}

func (s *suite) backlog() {
	tail := s.Tail()
	require.Empty(s.T, s.Next(tail))
	const commits = 300
	seat := NewSeat("ada")
	want := []string{}
	for range commits {
		s.Login(seat)
		if e := seat.change.Events; e[0].Type.Ends() {
			want = append(want, Names(e)[0])
		}
	}
	require.Equal(s.T, want, Names(s.Next(tail)))
}

func (s *suite) started() {
	const employees, batch = 120, 7
	var writes []store.Write
	now := s.Time()
	for i := range employees {
		writes = append(writes, NewSeat(fmt.Sprintf("e%03d", i)).Login(now))
		if len(writes) == batch || i == employees-1 {
			s.Must(writes...)
			writes = nil
		}
	}
	seen := map[string]bool{}
	for _, e := range s.Started(10) {
		require.False(s.T, seen[string(e.Employee)], "%s came twice", e.Employee)
		seen[string(e.Employee)] = true
	}
	require.Len(s.T, seen, employees)
	early := persist(s.Subject, func() ([]session.Event, error) {
		events, _, err := s.Store.Started(s.T.Context(), "", now-60_000, 10)
		return events, err
	})
	require.Empty(s.T, early, "nothing was written before")
	_, _, err := s.Store.Started(s.T.Context(), "nonsense", now, 10)
	require.Error(s.T, err)
}

func (s *suite) ended() {
	const rounds = 50
	before := s.Time() - 60_000
	seats := []*Seat{NewSeat("ada"), NewSeat("bea")}
	var want []string
	for range rounds {
		for _, seat := range seats {
			s.Login(seat)
			if e := seat.change.Events; e[0].Type.Ends() {
				want = append(want, Names(e)[0])
			}
		}
	}
	require.ElementsMatch(s.T, want, Names(s.Ended(before, 7)))
	require.Empty(s.T, s.Ended(s.Time()+60_000, 7), "nothing was written after")
	_, _, err := s.Store.Ended(s.T.Context(), before, "nonsense", 10)
	require.Error(s.T, err)
}

func (s *suite) findKey() {
	seat := NewSeat("ada")
	w := seat.Login(s.Time())
	record := session.KeyRecord{Hash: [16]byte{1}, Body: [16]byte{2}, Session: w.Change.Save.Active[0].ID, At: 5000}
	w.Change.Key = &record
	s.Must(w)
	seat.Done()
	find := func(key session.Key, hash byte, since session.Time) *session.KeyRecord {
		return persist(s.Subject, func() (*session.KeyRecord, error) {
			return s.FindKey(s.T.Context(), key, [16]byte{hash}, since)
		})
	}
	require.Equal(s.T, &record, find("ada", 1, 5000))
	require.Nil(s.T, find("ada", 1, 5001))
	require.Nil(s.T, find("ada", 2, 0))
	require.Nil(s.T, find("bea", 1, 0))

	w = seat.Login(s.Time()) // the same key once more, after its lifetime
	record.At, record.Session = 9000, w.Change.Save.Active[0].ID
	w.Change.Key = &record
	s.Must(w)
	require.Equal(s.T, &record, find("ada", 1, 9000))
}
