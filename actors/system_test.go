package actors_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestALoginTellsTheOlderSocketAfterTheCommit(t *testing.T) {
	w := newWorld(t)
	first := w.login("ada", "till-1")
	w.attach("ada", first, 7)
	w.store.beforeCommit = func(*session.Change) {
		require.Empty(t, w.gateway.told(), "told before the commit")
	}
	reply := w.login("ada", "till-2")

	told := w.gateway.told()
	require.Len(t, told, 1)
	require.Equal(t, session.Socket{Node: node, Conn: 7}, told[0].Socket)
	require.Equal(t, session.ReasonNewLogin, told[0].Notice.Reason)
	require.Len(t, reply.Deliveries, 1)
	stage, _ := reply.Deliveries[0].Wait(t.Context(), session.Sent)
	require.Equal(t, session.Sent, stage)
	require.Equal(t, []session.ID{first.Session.ID}, w.view.ended())
}

func TestFiftyLoginsAtOnceLeaveOneSession(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			reply := w.login("ada", fmt.Sprintf("till-%d", i))
			w.attachQuietly("ada", reply, uint64(i))
		})
	}
	wg.Wait()
	row := w.store.row("ada")
	require.Len(t, row.Active, 1)
	require.EqualValues(t, 50, row.Epoch)
	require.Len(t, w.view.ended(), 49)
}

func TestAForeignWriteIsNoticedAndItsSocketsAreTold(t *testing.T) {
	w := newWorld(t)
	first := w.login("ada", "till-1")
	w.attach("ada", first, 7)
	w.store.foreignLogin(t, "ada", "elsewhere")
	third := w.login("ada", "till-3")

	require.EqualValues(t, 3, third.Session.Epoch, "the foreign login counts")
	require.Len(t, w.store.row("ada").Active, 1)
	told := w.gateway.told()
	require.Len(t, told, 1)
	require.EqualValues(t, "elsewhere", told[0].Notice.By.Terminal)
}

func TestAnUnknownOutcomeIsReadBackNotRepeated(t *testing.T) {
	for _, applied := range []bool{true, false} {
		t.Run(fmt.Sprint("applied ", applied), func(t *testing.T) {
			w := newWorld(t)
			w.login("ada", "till-1")
			w.store.loseOutcomeOnce(applied)
			reply := w.login("ada", "till-2")
			row := w.store.row("ada")
			require.EqualValues(t, 2, row.Epoch)
			require.Equal(t, row.Active[0].ID, reply.Session.ID)
			require.Len(t, reply.Ended, 1)
		})
	}
}

func TestALogoutWhoseOutcomeWasLostIsAnsweredAsDone(t *testing.T) {
	w := newWorld(t)
	first := w.login("ada", "till-1")
	w.attach("ada", first, 7)
	w.store.loseOutcomeOnce(true)
	_, err := w.system.Do(t.Context(), "ada", session.Logout{Session: first.Session.ID})
	require.NoError(t, err, "it was committed, and nothing since")
	require.Len(t, w.gateway.told(), 1)
	require.Len(t, w.view.ended(), 1)
}

func TestAStoreThatIsAwayRefusesAndRecovers(t *testing.T) {
	w := newWorld(t)
	w.store.fail(session.ErrUnavailable)
	_, err := w.system.Do(t.Context(), "ada", w.command("ada", "till-1"))
	require.ErrorIs(t, err, session.ErrUnavailable)
	w.store.fail(nil)
	require.EqualValues(t, 1, w.login("ada", "till-1").Session.Epoch)
}

// poison panics inside session.Step, with a client's secret.
type poison struct{}

func (poison) Expires() session.Time { panic("the password is correct horse") }

func TestAPanicRefusesItsCommandAndTheEmployeeComesBack(t *testing.T) {
	var log bytes.Buffer // written before the restart that the next login waits for
	w := newWorldWith(t, func(o *actors.Options) { o.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	first := w.login("ada", "till-1")
	w.attach("ada", first, 7)
	w.gateway.local = []session.Socket{{Node: node, Conn: 7}}
	_, err := w.system.Do(t.Context(), "ada", poison{})
	require.Error(t, err)
	require.NotErrorIs(t, err, session.ErrLate)

	w.login("ada", "till-2")
	require.Len(t, w.gateway.told(), 1, "the restarted employee found its socket again")
	require.Contains(t, log.String(), `"employee actor panicked"`)
	require.Contains(t, log.String(), "poison.Expires", "where it happened")
	require.NotContains(t, log.String(), "correct horse")
}

func TestAFloodOfOneEmployeeIsRefusedAndCostsNobodyElse(t *testing.T) {
	w := newWorld(t)
	release := w.store.hold("ada")
	var refused, answered sync.WaitGroup
	const surplus = 44
	refused.Add(surplus)
	answered.Add(256)
	for i := range 256 + surplus {
		w.system.Send("ada", w.command("ada", fmt.Sprintf("till-%d", i)), func(_ session.Reply, err error) {
			if errors.Is(err, session.ErrOverloaded) {
				refused.Done()
				return
			}
			answered.Done()
		})
	}
	refused.Wait()
	w.login("grace", "till-1")
	release()
	answered.Wait()
	require.Len(t, w.store.row("ada").Active, 1)
}

func TestAnIdleEmployeeIsForgottenAndReadAgain(t *testing.T) {
	w := newWorldWith(t, func(o *actors.Options) { o.IdleAfter = time.Millisecond })
	w.login("ada", "till-1")
	require.Eventually(t, func() bool { return w.system.Resident() == 0 }, 10*time.Second, time.Millisecond)
	loads := w.store.loads()
	w.login("ada", "till-2")
	require.Equal(t, loads+1, w.store.loads())
	require.Len(t, w.store.row("ada").Active, 1)
}

func TestAnAttachedEmployeeStaysInMemory(t *testing.T) {
	w := newWorldWith(t, func(o *actors.Options) { o.IdleAfter = time.Millisecond })
	w.attach("ada", w.login("ada", "till-1"), 7)
	w.login("grace", "till-1")
	require.Eventually(t, func() bool { return w.system.Resident() == 1 }, 10*time.Second, time.Millisecond)
	w.login("ada", "till-2")
	require.Len(t, w.gateway.told(), 1)
}

func TestASessionExpiresByItselfWhileItsEmployeeIsResident(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := w.command("ada", "till-1")
	login.Lifetime = 3 * time.Second // the socket comes before its end
	reply, err := w.system.Do(t.Context(), "ada", login)
	require.NoError(t, err)
	w.attach("ada", reply, 7)
	require.Eventually(t, func() bool { return len(w.gateway.told()) == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, session.ReasonExpired, w.gateway.told()[0].Notice.Reason)
	require.Empty(t, w.store.row("ada").Active)
}

func TestMemoryThatMayBeStaleIsReadAgainBeforeItAnswers(t *testing.T) {
	fresh := true
	w := newWorldWith(t, func(o *actors.Options) { o.MemoryIsFresh = func() bool { return fresh } })
	first := w.login("ada", "till-1")
	w.store.foreignLogin(t, "ada", "elsewhere")
	check := session.Check{Session: first.Session.ID}
	_, err := w.system.Do(t.Context(), "ada", check)
	require.NoError(t, err, "an owner that is sure of its memory answers from it")
	fresh = false
	_, err = w.system.Do(t.Context(), "ada", check)
	require.ErrorIs(t, err, session.ErrTerminated)
}

func TestACommandPastItsDeadlineIsRefused(t *testing.T) {
	w := newWorld(t)
	login := w.command("ada", "till-1")
	login.At = w.clock.Now() - 1
	_, err := w.system.Do(t.Context(), "ada", login)
	require.ErrorIs(t, err, session.ErrLate)
	require.Empty(t, w.store.row("ada").Active)
}

func TestDoGivesUpWithItsContext(t *testing.T) {
	w := newWorld(t)
	release := w.store.hold("ada")
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.system.Do(ctx, "ada", w.command("ada", "till-1"))
	require.ErrorIs(t, err, session.ErrLate)
}

// Actors find each other by name, and an employee may be called like any of them.
func TestAnEmployeeMayBeNamedLikeTheSystemsOwnActors(t *testing.T) {
	w := newWorld(t)
	for _, employee := range []string{"hub", "gateway", "guardian", "nonhost"} {
		w.login(employee, "till-1")
		require.Len(t, w.login(employee, "till-2").Ended, 1)
	}
	require.Equal(t, 4, w.system.Resident())
}

func TestANameThatIsTakenCostsNoLogin(t *testing.T) {
	w := newWorld(t)
	idle := actor.PropsFromFunc(func(actor.Context) {})
	for number := range 3 {
		pid, err := w.system.Actors().Root.SpawnNamed(idle, fmt.Sprintf("ada#%d", number))
		require.NoError(t, err)
		defer w.system.Actors().Root.Stop(pid)
	}
	w.login("ada", "till-1")
}
