package faults

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

// Row 24. Two logins of one employee in the same instant, a thousand times: at one node, at two nodes
// of a cluster, and at two that do not know each other, so that both take themselves for the owner.
func TestTwoLoginsInTheSameInstant(t *testing.T) {
	places := map[string]func(*row, *site) []*node{
		"at one node":                       func(r *row, s *site) []*node { return []*node{s.add(binaries.current)} },
		"at two nodes of a cluster":         func(r *row, s *site) []*node { return r.cluster(s, 2) },
		"at two nodes, both taken as owner": func(r *row, s *site) []*node { return []*node{s.add(binaries.current), s.add(binaries.current)} },
	}
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			r := attack(t, "24", "two logins in one instant, "+name, verify.S1, verify.S2, verify.S3, verify.S4)
			at := start(r, newSite(t))
			c := newCrowd(t, r.notes, 10, 0, at...)
			r.crowd = c
			var everybody sync.WaitGroup
			for _, p := range c.people {
				everybody.Go(func() {
					for i := range pick(20, 100) {
						pair(c, p, i)
					}
				})
			}
			everybody.Wait()
			r.judge()
		})
	}
}

// pair logs in twice at once, at different nodes if there are two, and uses both tokens everywhere.
func pair(c *crowd, p *person, i int) {
	var both sync.WaitGroup
	for hand := range 2 {
		both.Go(func() {
			a := &attempt{terminal: fmt.Sprintf("till-%d-%d", i, hand), key: fmt.Sprintf("key-%d-%d", i, hand)}
			for !c.try(p, a, c.at[hand%len(c.at)]) {
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	both.Wait()
	for range 4 {
		c.use(p)
	}
}

// Row 32. A handler that panics, an actor that panics, and a flood for one employee cost nobody else.
func TestPanicsAndAFloodCostNobodyElse(t *testing.T) {
	r := attack(t, "32", "panics in handler and actor; one employee flooded", all...)
	s := newSite(t)
	n := s.prepare(binaries.faulty)
	r.listen(n)
	n.env = append(n.env, "HOTSEAT_TEST_FAULT=panic-in-handler=breaker,panic-in-actor=till-boom")
	n.start()
	n.awaitReady()
	c := r.people(20, 50*time.Millisecond, n)
	r.busy(50)
	before := c.broken.Load()

	require.NotEqual(t, http.StatusOK, call(n.url, "POST", "/v1/sessions", serviceKey, object{"employee_id": "breaker"}).status)
	r.busy(20)

	victim := &person{id: session.Key("victim")}
	c.people = append(c.people, victim)
	c.logsIn(victim, &attempt{terminal: "till-1", key: "1"}, n)
	r.seated(victim, 1)
	boom := &attempt{terminal: "till-boom", key: "2"}
	for !c.try(victim, boom, n.url) { // the actor breaks after its commit, and every repeat finds the login done
		time.Sleep(20 * time.Millisecond)
	}
	c.logsIn(victim, &attempt{terminal: "till-3", key: "3"}, n)
	require.EqualValues(t, 3, victim.held[len(victim.held)-1].Session.Epoch)

	flooded := &person{id: session.Key("flooded")}
	c.people = append(c.people, flooded)
	var flood sync.WaitGroup
	var turned sync.Map // statuses
	for i := range 400 {
		flood.Go(func() {
			a := &attempt{terminal: fmt.Sprintf("till-%d", i), key: fmt.Sprint(i)}
			turned.Store(c.try(flooded, a, n.url), true)
		})
	}
	over := make(chan struct{})
	go func() { defer close(over); flood.Wait() }()
	beside := bystander(c, n, over)
	require.GreaterOrEqual(t, beside, fewLogins, "logins of somebody else while the flood lasted")
	t.Logf("%d logins of somebody else while the flood lasted", beside)
	_, refused := turned.Load(false)
	require.True(t, refused, "the queue of one employee is bounded, and 400 at once fill it")
	require.Equal(t, before, c.broken.Load(), "sockets that it cost")
	require.True(t, n.running())
	r.judge()
}

// fewLogins are what somebody else does at least while a flood lasts: more than a hundred in a queue of his own,
// one or two in one for all, where his first is among the flood's last. That is a matter of order: whatever
// stands still holds up both.
const fewLogins = 5

// bystander logs in again and again until the flood is over, and returns how often he was answered by then.
func bystander(c *crowd, n *node, over <-chan struct{}) (logins int) {
	p := &person{id: "bystander"}
	c.people = append(c.people, p)
	for {
		a := &attempt{terminal: fmt.Sprint("till-", logins), key: fmt.Sprint("bystander-", logins)}
		answered := c.try(p, a, n.url)
		select {
		case <-over:
			return logins
		default:
		}
		if answered {
			logins++
		}
	}
}
