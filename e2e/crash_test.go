package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An attempt is one login with its idempotency key, from the first request to the last repeat.
type attempt struct {
	employee, terminal, key string
	login                   login
	tab                     *tab // nil until answered 200
	ended                   bool // the repeat said that the session it made has ended since
}

// crash is a load of logins over many employees and the record of what they were answered.
type crash struct {
	s       *server
	clients clients
	kills   []time.Time
	mu      sync.Mutex // guards what follows
	made    []*attempt
}

// S3 and the rule that no ended tab stays open and unaware: the process is killed while logins are
// at every stage of their way, three times over, and started again on the same port and store.
func TestKillingTheProcessInTheMiddleOfLoginsLosesAndDoublesNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, store string) {
		c := &crash{s: start(t, store), clients: newNPM(t)}
		for range 3 {
			c.loadAndKill(t)
			c.s.Start()
			c.repeatUnanswered(t)
		}
		c.everyLoginCountsOnce(t)
		c.everyEndedTabWasTold(t)
	})
}

const (
	employees = 40
	workers   = 24
)

// loadAndKill kills the process at a random moment of the load, with every worker busy.
func (c *crash) loadAndKill(t *testing.T) {
	var (
		load     sync.WaitGroup
		stop     = make(chan struct{})
		answered atomic.Int64
	)
	for range workers {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if c.try(c.next()) {
						answered.Add(1)
					}
				}
			}
		})
	}
	until := int64(100 + rand.IntN(200))
	require.Eventually(t, func() bool { return answered.Load() >= until }, patience, time.Millisecond,
		"only %d logins answered; the program said:\n%s", answered.Load(), c.s.log)
	c.kills = append(c.kills, time.Now())
	c.s.Kill(func() { close(stop) })
	load.Wait()
}

func (c *crash) next() *attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &attempt{
		employee: fmt.Sprintf("employee-%d", rand.IntN(employees)),
		terminal: fmt.Sprintf("till-%d", len(c.made)),
		key:      fmt.Sprintf("key-%d", len(c.made)),
	}
	c.made = append(c.made, a)
	return a
}

// try asks once, and reports whether there was a final answer.
func (c *crash) try(a *attempt) bool {
	reply := c.s.trusted(object{"employee_id": a.employee, "terminal_id": a.terminal, "idempotency_key": a.key})
	switch {
	case reply.err == nil && reply.status == http.StatusOK && json.Unmarshal(reply.body, &a.login) == nil:
		a.tab = c.clients.open(c.s, a.login)
		return true
	case reply.err == nil && reply.status == http.StatusUnauthorized && reply.problem().Code == "session_terminated":
		a.ended = true
		return true
	}
	return false
}

// repeatUnanswered asks again, with the same keys, for what the crash left open.
func (c *crash) repeatUnanswered(t *testing.T) {
	unanswered := 0
	for _, a := range c.made {
		if a.tab == nil && !a.ended {
			unanswered++
			require.Eventually(t, func() bool { return c.try(a) }, patience, 10*time.Millisecond, "login %s", a.key)
		}
	}
	require.NotZero(t, unanswered, "the process was killed while nothing was under way")
	t.Logf("killed with %d of %d logins unanswered", unanswered, len(c.made))
}

// everyLoginCountsOnce: each login moves its employee's epoch by one, so a login that was lost or
// done twice shows in the sum.
func (c *crash) everyLoginCountsOnce(t *testing.T) {
	logins, newest := map[string]int{}, map[string]login{}
	for _, a := range c.made {
		logins[a.employee]++
		if a.login.Session.Epoch > newest[a.employee].Session.Epoch {
			newest[a.employee] = a.login
		}
	}
	for employee, n := range logins {
		active := c.s.active(employee)
		require.Len(t, active, 1, "active sessions of %s", employee)
		require.Equal(t, n, active[0].Epoch, "epoch of %s after %d logins", employee, n)
		if newest[employee].Session.Epoch == n {
			require.Equal(t, newest[employee].Session.SessionID, active[0].SessionID)
		}
	}
	for _, a := range c.made {
		if a.tab == nil {
			continue
		}
		reply := c.s.send("GET", "/v1/session", a.login.AccessToken, nil)
		if a.login.Session.Epoch == logins[a.employee] {
			require.Equal(t, http.StatusOK, reply.status, "the newest session of %s: %s", a.employee, reply.body)
			continue
		}
		require.Equal(t, http.StatusUnauthorized, reply.status, "a login answered 200 and then replaced: %s", reply.body)
		termination := reply.problem().Termination
		require.NotNil(t, termination, "%s", reply.body)
		require.Equal(t, "new_login", termination.Reason, "the store knows how it ended")
		require.Greater(t, termination.Epoch, a.login.Session.Epoch)
	}
}

func (c *crash) everyEndedTabWasTold(t *testing.T) {
	seated := map[string]bool{}
	for i := range employees {
		for _, s := range c.s.active(fmt.Sprintf("employee-%d", i)) {
			seated[s.SessionID] = true
		}
	}
	reopened := 0
	for _, a := range c.made {
		switch {
		case a.tab == nil:
		case seated[a.login.Session.SessionID]:
			a.tab.await(t, "open again after the restart", func() bool { return a.tab.isOpen })
			require.Empty(t, a.tab.told, "the seated tab was told %v", a.tab.last)
		default:
			require.Equal(t, "new_login", a.tab.toldForGood(t).Reason)
			require.Equal(t, 4510, a.tab.closes[len(a.tab.closes)-1])
			if len(a.tab.opens) > 1 {
				reopened++
			}
			require.Less(t, a.tab.unaware(), 5*time.Second, "open and unaware that it had ended")
			c.onlyAKillCutsOff(t, a.tab)
		}
	}
	require.NotZero(t, reopened, "no ended tab had to come back")
	t.Logf("%d logins, %d ended tabs came back after a crash and were told", len(c.made), reopened)
}

// onlyAKillCutsOff: a notice whose close did not follow was written as the process was killed.
// Its socket was open then, and the next opened later; a tab may say late that it is open.
func (c *crash) onlyAKillCutsOff(t *testing.T, b *tab) {
	const late = 2 * time.Second
	for _, told := range b.told[:len(b.told)-1] {
		next := slices.IndexFunc(b.opens, told.Before)
		require.Positive(t, next, "opened at %s, and told at %s", b.opens, told)
		require.True(t, slices.ContainsFunc(c.kills, func(at time.Time) bool {
			return b.opens[next-1].Before(at.Add(late)) && at.Before(b.opens[next])
		}), "a notice at %s without its close; opened at %s, and the kills were at %s", told, b.opens, c.kills)
	}
}
