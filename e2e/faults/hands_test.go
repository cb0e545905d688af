package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// What hands do, each with its line in the history.

// outcome is what is known after an answer of HTTP.
func outcome(a answer) history.Outcome {
	switch {
	case a.status >= 200 && a.status < 300:
		return history.OK
	case a.status >= 400 && a.status < 500:
		return history.Refused
	}
	return history.Unknown
}

// record fills in what every operation has.
func (c *crowd) record(o history.Operation, p *person, from history.Instant, url string, a answer) {
	o.Start, o.End, o.Employee, o.Node = from, c.notes.Now(), p.id, url
	o.Outcome, o.Status = outcome(a), a.status
	if o.Outcome != history.OK {
		problem := a.problem()
		o.Code, o.Reason, o.By = problem.Code, problem.Termination.Reason, problem.Termination.Epoch
	}
	c.notes.Record(o)
}

// try asks once, and reports whether there was a final answer.
func (c *crowd) try(p *person, a *attempt, url string) bool {
	from := c.notes.Now()
	reply := call(url, "POST", "/v1/sessions", serviceKey, object{"employee_id": p.id, "terminal_id": a.terminal, "idempotency_key": a.key})
	o := history.Operation{Kind: history.Login, Key: a.key, Terminal: a.terminal}
	var g granted
	if outcome(reply) == history.OK {
		if err := json.Unmarshal(reply.body, &g); err != nil {
			reply = answer{} // as good as none
		}
		o.Session, o.Epoch = g.Session.SessionID, g.Session.Epoch
		for _, s := range g.Terminated {
			o.Ended = append(o.Ended, s.SessionID)
		}
	}
	c.record(o, p, from, url, reply)
	switch outcome(reply) {
	case history.OK:
		c.answer.Add(1)
		p.answered(a)
		p.keep(g)
		if !c.noTabs {
			c.watch(p, g)
		}
		return true
	}
	c.note(fmt.Sprintf("%s: %d %s", a.key, reply.status, reply.body))
	if outcome(reply) == history.Refused {
		// Too many at once is a refusal of this request, not of the login.
		if reply.status != http.StatusTooManyRequests {
			p.answered(a)
			return true
		}
	}
	return false
}

// logsIn has the person do this login, and repeat it until it is answered.
func (c *crowd) logsIn(p *person, a *attempt, n *node) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.try(p, a, n.url) }, patience, 10*time.Millisecond, "%s cannot log in", p.id)
}

// note keeps that a login was not answered 200.
func (c *crowd) note(undone string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.undone = append(c.undone, undone)
}

// notDone are the logins that a client would have had to repeat.
func (c *crowd) notDone() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.undone)
}

// use uses any held token at any node, in any way.
func (c *crowd) use(p *person) {
	if g, ok := p.any(); ok {
		levels := []history.Level{history.Local, history.Local, history.Strict, history.Own}
		c.check(p, g, c.node(), levels[rand.IntN(len(levels))])
	}
}

func (c *crowd) check(p *person, g granted, url string, level history.Level) {
	path := "/v1/authz?level=" + string(level)
	if level == history.Own {
		path = "/v1/session"
	}
	from := c.notes.Now()
	a := call(url, "GET", path, g.AccessToken, nil)
	o := used(history.Use, g)
	o.Level = level
	if level == history.Local {
		o.Staleness, _ = strconv.ParseInt(a.header.Get("X-Hotseat-Staleness-Ms"), 10, 64) // none: an answer of the store
	}
	c.record(o, p, from, url, a)
}

func used(kind history.Kind, g granted) history.Operation {
	return history.Operation{Kind: kind, Session: g.Session.SessionID, Epoch: g.Session.Epoch}
}

func (c *crowd) refresh(p *person) {
	g, ok := p.any()
	if !ok {
		return
	}
	url, from := c.node(), c.notes.Now()
	a := call(url, "POST", "/v1/token/refresh", "", object{"refresh_token": g.RefreshToken})
	c.record(used(history.Refresh, g), p, from, url, a)
	var fresh granted
	if outcome(a) == history.OK && json.Unmarshal(a.body, &fresh) == nil {
		fresh.Session = g.Session
		p.replace(fresh)
	}
}

func (c *crowd) logOut(p *person) {
	g, ok := p.any()
	if !ok {
		return
	}
	url, from := c.node(), c.notes.Now()
	c.record(used(history.Logout, g), p, from, url, call(url, "DELETE", "/v1/session", g.AccessToken, nil))
}

// list reads the store's list of the person's sessions.
func (c *crowd) list(p *person, url string) {
	from := c.notes.Now()
	a := call(url, "GET", "/v1/admin/employees/"+string(p.id)+"/sessions", adminKey, nil)
	o := history.Operation{Kind: history.Sessions}
	var list struct {
		Sessions []struct {
			SessionID session.ID    `json:"session_id"`
			Epoch     session.Epoch `json:"epoch"`
		}
	}
	if outcome(a) == history.OK {
		if err := json.Unmarshal(a.body, &list); err != nil {
			a = answer{}
		}
		for _, s := range list.Sessions {
			o.Active = append(o.Active, history.Seat{Session: s.SessionID, Epoch: s.Epoch})
		}
		p.mu.Lock()
		p.live = len(o.Active)
		p.mu.Unlock()
	}
	c.record(o, p, from, url, a)
}
