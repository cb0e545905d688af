package actors_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/stretchr/testify/require"
)

// steppedClock goes on by itself, and further when told.
type steppedClock struct{ ahead atomic.Int64 }

func (c *steppedClock) Now() session.Time {
	return session.TimeOf(time.Now().Add(time.Duration(c.ahead.Load())))
}

func (w *world) create(employee string) error {
	_, err := w.system.Do(context.Background(), session.Key(employee), session.Create{Employee: session.EmployeeID(employee), Actor: "ops"})
	return err
}

func (w *world) update(employee string) {
	w.t.Helper()
	name := "Ada"
	_, err := w.system.Do(context.Background(), session.Key(employee), session.Update{Profile: &session.ProfilePatch{FirstName: &name}, Actor: "ops"})
	require.NoError(w.t, err)
}

func (w *world) awaitResident(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.system.Resident() == n }, 10*time.Second, time.Millisecond)
}

// Every other line is about somebody who is there already.
func TestAnImportKeepsNobodyInMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const importers, lines = 64, 100
	var most atomic.Int64
	var all sync.WaitGroup
	for n := range importers {
		all.Go(func() {
			for line := range lines {
				employee := fmt.Sprintf("e%d-%d", n, line/2)
				if err := w.create(employee); err != nil {
					require.ErrorIs(t, err, session.ErrAlreadyExists)
					w.update(employee)
				}
				most.Store(max(most.Load(), int64(w.system.Resident())))
			}
		})
	}
	all.Wait()
	w.awaitResident(0)
	require.Less(t, most.Load(), int64(4*importers), "of %d", importers*lines/2)
}

func TestAnUpdateLeavesASleeperAsleep(t *testing.T) {
	t.Parallel()
	clock := &steppedClock{}
	w := newWorldWith(t, func(o *actors.Options) { o.Clock = clock })
	w.attach("ada", w.login("ada", "till-1"), 7)
	clock.ahead.Store(int64(time.Minute))
	w.system.Beat(time.Now().Add(time.Minute)) // no other visit comes for a minute
	w.awaitAsleep(1)
	w.update("ada")
	w.awaitAsleep(1)
	require.EqualValues(t, 2, w.store.row("ada").Version)
	require.Equal(t, 1, w.system.Resident(), "she has a socket")
	require.Equal(t, 1, w.store.loads())
}

// What an owner knows beside the row, as since when a ticket is good, is not in the store.
func TestAnUpdateDoesNotForgetWhoGaveASignOfLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 100
	for n := range many {
		w.login(fmt.Sprintf("e%d", n), "till-1")
	}
	for n := range many {
		w.update(fmt.Sprintf("e%d", n))
	}
	for n := range many {
		w.login(fmt.Sprintf("e%d", n), "till-2")
	}
	require.Equal(t, many, w.store.loads(), "somebody was forgotten")
}
