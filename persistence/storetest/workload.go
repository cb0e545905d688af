package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/batch"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Workload takes seats as fast as the store allows, while the test does its worst to the store. It
// knows what was acknowledged, and reads the row when it was not told.
type Workload struct {
	Acked atomic.Int64 // logins that were answered nil
	Lost  atomic.Int64 // commits whose outcome was unknown
	Away  atomic.Int64 // commits that were refused because the store was away

	store store.Store
	seats []*Seat
	stop  context.CancelFunc
	all   sync.WaitGroup
}

// Start begins with workers employees, each by one login after the other.
func Start(s store.Store, workers int) *Workload {
	ctx, stop := context.WithCancel(context.Background())
	w := &Workload{store: s, stop: stop}
	b := batch.New(s, batch.Options{})
	batching, stopBatching := context.WithCancel(context.Background())
	var batcher sync.WaitGroup
	batcher.Go(func() { _ = b.Run(batching) })
	for i := range workers {
		seat := NewSeat(fmt.Sprintf("load-%03d", i))
		w.seats = append(w.seats, seat)
		w.all.Go(func() {
			for ctx.Err() == nil {
				w.login(b, seat)
			}
		})
	}
	w.stop = func() {
		stop()
		w.all.Wait()
		stopBatching()
		batcher.Wait()
	}
	return w
}

func (w *Workload) login(b *batch.Batcher, seat *Seat) {
	write := seat.Login(session.TimeOf(time.Now()))
	done := make(chan error, 1)
	b.Commit(write.Key, write.Expected, write.Change, func(err error, _ bool) { done <- err })
	err := <-done
	switch {
	case err == nil:
		seat.Done()
		w.Acked.Add(1)
		return
	case errors.Is(err, session.ErrOutcomeUnknown):
		w.Lost.Add(1)
	case errors.Is(err, session.ErrUnavailable):
		w.Away.Add(1)
		time.Sleep(5 * time.Millisecond) // what a client's Retry-After does
		return
	}
	// Also after a conflict: a commit that nobody heard of may have come late.
	for {
		rows, err := w.store.Load(context.Background(), []session.Key{write.Key})
		if err == nil {
			if rows[0].Version > seat.State.Version {
				seat.State = session.State{Employee: rows[0]}
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Stop ends the logins and waits for the last.
func (w *Workload) Stop() { w.stop() }

// Check compares a store with what was acknowledged: every row is the one last seen, unless a commit
// that nobody heard of came after it, and the log has every epoch of every employee exactly once.
func (w *Workload) Check(t *testing.T, s store.Store) {
	t.Helper()
	epochs := map[session.EmployeeID]session.Epoch{}
	for _, e := range (Subject{Store: s, T: t}).Started(10_000) {
		require.Equal(t, epochs[e.Employee]+1, e.Epoch, "the log of %s has a gap or a repeat", e.Employee)
		epochs[e.Employee] = e.Epoch
	}
	for _, seat := range w.seats {
		row := Subject{Store: s, T: t}.Row(seat.Key())
		require.GreaterOrEqual(t, row.Version, seat.State.Version, "an acknowledged login of %s is lost", seat.ID)
		require.LessOrEqual(t, row.Version, seat.State.Version+1, "%s has logins that nobody made", seat.ID)
		require.Equal(t, row.Epoch, epochs[seat.ID], "row and log of %s differ", seat.ID)
	}
}
