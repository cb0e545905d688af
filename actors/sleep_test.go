package actors_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/stretchr/testify/require"
)

// drowsy is a world whose employees sleep at the next beat.
func drowsy(t *testing.T) *world {
	return newWorldWith(t, func(o *actors.Options) { o.SleepAfter = time.Millisecond })
}

func (w *world) awaitAsleep(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.system.Asleep() == n }, 10*time.Second, time.Millisecond)
}

func TestASleepingEmployeeIsTakenOverWithoutARead(t *testing.T) {
	t.Parallel()
	w := drowsy(t)
	first := w.login("ada", "till-1")
	w.attach("ada", first, 7)
	w.login("grace", "till-1")
	w.awaitAsleep(2)
	require.Equal(t, 2, w.system.Resident())
	loads := w.store.loads()
	w.login("ada", "till-2")
	require.Equal(t, loads, w.store.loads())
	require.Equal(t, 1, w.system.Asleep())
	require.Equal(t, 2, w.system.Resident())
	told := w.gateway.told()
	require.Len(t, told, 1)
	require.Equal(t, session.Socket{Node: node, Conn: 7}, told[0].Socket)
	require.Equal(t, first.Session.ID, told[0].Notice.Session)
	require.EqualValues(t, "till-2", told[0].Notice.By.Terminal)
	w.awaitAsleep(2)
}

func TestASessionExpiresInTimeWhileItsEmployeeSleeps(t *testing.T) {
	t.Parallel()
	w := drowsy(t)
	login := w.command("ada", "till-1")
	login.Lifetime = 6 * time.Second // its employee sleeps before its end
	reply, err := w.system.Do(t.Context(), "ada", login)
	require.NoError(t, err)
	w.attach("ada", reply, 7)
	w.awaitAsleep(1)
	require.Empty(t, w.gateway.told())
	require.Eventually(t, func() bool { return len(w.gateway.told()) == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, session.ReasonExpired, w.gateway.told()[0].Notice.Reason)
	require.Less(t, time.Since(reply.Session.CreatedAt.Std()), 10*time.Second)
}

// When a node's sockets all go at once, nobody is woken for it; and whoever has no socket left is
// forgotten in time.
func TestSocketsThatGoWakeNobodyAndLetTheirEmployeesBeForgotten(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(o *actors.Options) { o.SleepAfter, o.IdleAfter = time.Millisecond, 3*time.Second })
	const many = 200
	for n := range many {
		employee := fmt.Sprintf("e%d", n)
		w.attach(employee, w.login(employee, "till-1"), uint64(n))
	}
	w.awaitAsleep(many)
	for n := range many {
		_, err := w.system.Do(t.Context(), session.Key(fmt.Sprintf("e%d", n)), session.Detach{Socket: session.Socket{Node: node, Conn: uint64(n)}})
		require.NoError(t, err)
	}
	require.Equal(t, many, w.system.Asleep())
	require.Eventually(t, func() bool { return w.system.Resident() == 0 }, 10*time.Second, time.Millisecond)
	require.Zero(t, w.system.Asleep())
}

// The socket comes just after the login, so the first visit finds nobody who was left alone for long
// enough: who comes to rest does not wait for a second routine visit. The clock is synctest's.
func TestAnEmployeeSleepsAsSoonAsNothingHappenedForTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		reply := w.login("ada", "till-1")
		time.Sleep(time.Second)
		w.attach("ada", reply, 7)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		require.Zero(t, w.system.Asleep(), "the socket came nine seconds ago")
		time.Sleep(3 * time.Second) // ten seconds, rounded up, and until the wheel turns
		synctest.Wait()
		require.Equal(t, 1, w.system.Asleep())
	})
}

// Its record would not fit among the others.
func TestAnEmployeeOfManySessionsStaysAwake(t *testing.T) {
	t.Parallel()
	w := drowsy(t)
	for n := range 20 {
		login := w.command("ada", fmt.Sprintf("till-%d", n))
		login.UserAgent, login.Default.MaxSessions = "a browser of fifty letters or a few less, or a few more", 20
		_, err := w.system.Do(t.Context(), "ada", login)
		require.NoError(t, err)
	}
	w.login("grace", "till-1")
	w.awaitAsleep(1)
	require.Equal(t, 2, w.system.Resident())
	require.Len(t, w.store.row("ada").Active, 20)
}

// Logins, attaches and detaches of few employees that fall asleep all the time: what is told at the
// end is what is true.
func TestNothingIsLostBetweenSleepingAndWaking(t *testing.T) {
	t.Parallel()
	w := drowsy(t)
	conn := uint64(0)
	for round := range 5 {
		told := len(w.gateway.told())
		for n := range 20 {
			employee := fmt.Sprintf("e%d", n)
			conn++
			w.attach(employee, w.login(employee, fmt.Sprintf("till-%d", round)), conn)
		}
		if round > 0 {
			require.Len(t, w.gateway.told(), told+20, "round %d", round)
		}
		w.awaitAsleep(20)
	}
	require.Equal(t, 20, w.store.loads(), "each was read once")
}

// Visits come between the commands at every moment, so employees fall asleep while commands are on
// their way to them: no command is lost, and nothing that was known.
func TestCommandsThatMeetAnEmployeeFallingAsleepAreNotLost(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(o *actors.Options) { o.SleepAfter = -1 }) // at once
	const employees, logins = 8, 400
	done := make(chan struct{})
	var clients, beats sync.WaitGroup
	beats.Go(func() {
		for now := time.Now(); ; now = now.Add(time.Second) {
			select {
			case <-done:
				return
			default:
				w.system.Beat(now)
				runtime.Gosched()
			}
		}
	})
	for n := range employees {
		clients.Go(func() {
			employee := fmt.Sprintf("e%d", n)
			for turn := range logins {
				reply := w.login(employee, fmt.Sprintf("till-%d", turn))
				w.attach(employee, reply, uint64(n*logins+turn))
				if turn%3 == 0 {
					w.detach(employee, uint64(n*logins+turn))
					w.attach(employee, reply, uint64(n*logins+turn))
				}
			}
		})
	}
	clients.Wait()
	close(done)
	beats.Wait()
	require.Equal(t, employees, w.store.loads(), "somebody forgot what it knew")
	require.Equal(t, employees*(logins-1), len(w.gateway.told())) // the list would be long
	for n := range employees {
		require.EqualValues(t, logins, w.store.row(session.Key(fmt.Sprintf("e%d", n))).Epoch)
	}
}

func (w *world) detach(employee string, conn uint64) {
	_, err := w.system.Do(context.Background(), session.Key(employee), session.Detach{Socket: session.Socket{Node: node, Conn: conn}})
	require.NoError(w.t, err)
}
