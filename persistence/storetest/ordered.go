package storetest

import (
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// ReadPage reads one page of the log.
func (s Subject) ReadPage(after store.LogPosition, limit int) store.LogPage {
	s.T.Helper()
	return persist(s, func() (store.LogPage, error) { return s.Store.ReadLog(s.T.Context(), after, limit) })
}

// ReadOn reads the log from a position until nothing is left that can be read now.
func (s Subject) ReadOn(after store.LogPosition, limit int) ([]session.Event, store.LogPosition) {
	s.T.Helper()
	var events []session.Event
	for {
		page := s.ReadPage(after, limit)
		events, after = append(events, page.Events...), page.Next
		if !page.More {
			return events, after
		}
	}
}

// InOrder checks S5 for events that were read: every employee's epochs follow each other without gap
// or repeat, and within an epoch n does.
func (s Subject) InOrder(events []session.Event) {
	s.T.Helper()
	last := map[session.EmployeeID]session.Event{}
	for _, e := range events {
		before := last[e.Employee]
		if e.Epoch == before.Epoch {
			require.Equal(s.T, before.N+1, e.N, "%s epoch %d", e.Employee, e.Epoch)
		} else {
			require.Equal(s.T, before.Epoch+1, e.Epoch, "%s after n %d", e.Employee, before.N)
			require.Equal(s.T, 1, e.N, "%s epoch %d", e.Employee, e.Epoch)
		}
		last[e.Employee] = e
	}
}

func (s *suite) ordered() {
	seats := []*Seat{NewSeat("ada"), NewSeat("bea"), NewSeat("cleo")}
	var want []string
	for range 40 {
		for _, seat := range seats {
			s.Login(seat)
			want = append(want, Names(seat.change.Events)...)
		}
	}
	for _, limit := range []int{1, 7, 100_000} {
		events, end := s.ReadOn("", limit)
		require.Equal(s.T, want, Names(events), "one lane's commits are in order, limit %d", limit)
		again, _ := s.ReadOn(end, limit)
		require.Empty(s.T, again)
	}
	page := s.ReadPage("", 10)
	require.True(s.T, page.More)
	require.GreaterOrEqual(s.T, len(page.Events), 10)
	require.Positive(s.T, page.Waiting)
	require.NotZero(s.T, page.Oldest)
	rest, end := s.ReadOn(page.Next, 1000)
	require.Equal(s.T, want, Names(append(page.Events, rest...)))
	page = s.ReadPage(end, 10)
	require.Zero(s.T, page.Waiting)
	require.Zero(s.T, page.Oldest)

	seat := seats[0]
	s.Login(seat)
	news, _ := s.ReadOn(end, 10)
	require.Equal(s.T, Names(seat.change.Events), Names(news))
	require.Equal(s.T, seat.change.Events, news, "every field comes back")
	_, err := try(func() (store.LogPage, error) { return s.Store.ReadLog(s.T.Context(), "nonsense", 1) })
	require.Error(s.T, err)
}

// Employees move between writers all the time; a reader follows while they do.
func (s *suite) orderedWriters() {
	const rounds, employees = 8, 12
	nodes := []Subject{s.Subject, s.again(), s.again()}
	var seats [employees]*Seat
	for i := range seats {
		seats[i] = NewSeat(fmt.Sprintf("e%02d", i))
	}
	var events []session.Event
	at := store.LogPosition("")
	for round := range rounds {
		var all sync.WaitGroup
		for n, node := range nodes {
			all.Go(func() {
				for i := range seats {
					if (i+round)%len(nodes) == n {
						node.Login(seats[i])
					}
				}
			})
		}
		more, next := s.ReadOn(at, 5) // beside the commits
		events, at = append(events, more...), next
		all.Wait()
	}
	more, _ := s.ReadOn(at, 5)
	events = append(events, more...)
	s.InOrder(events)
	require.Len(s.T, events, employees*(2*rounds-1), "each login but the first ends a session")
}

func (s *suite) logEnd() {
	end := func() store.LogPosition {
		return persist(s.Subject, func() (store.LogPosition, error) { return s.Store.LogEnd(s.T.Context()) })
	}
	first := end()
	require.NotEmpty(s.T, first, "the end of an empty log is not its beginning")
	seat := NewSeat("ada")
	s.Login(seat)
	events, _ := s.ReadOn(first, 10)
	require.Equal(s.T, Names(seat.change.Events), Names(events))
	second := end()
	s.again().Login(seat)
	events, _ = s.ReadOn(second, 10)
	require.Equal(s.T, Names(seat.change.Events), Names(events))
	horizon := persist(s.Subject, func() (store.Horizon, error) { return s.Store.LogHorizon(s.T.Context()) })
	require.Less(s.T, horizon.Age.Seconds(), 5.0)
}
