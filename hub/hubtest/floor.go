package hubtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/session"
)

// Node is the name of the node under test.
const Node session.Node = "n1/boot"

// Floor is where the employees of a test live: the rules of package session, in memory, executed in
// the order of Change. It is the Hub's Owners, Gate and Ended. Any goroutine may use it.
type Floor struct {
	View *enforce.View
	// Judging, when set, is called when the hub asks about a handshake.
	Judging func()
	// BeforeReply, when set, is called after an attach was decided and before the hub hears.
	BeforeReply func()
	// Looking, when set, is called when the hub asks the view about a session.
	Looking func(session.ID)
	// Silent owners decide and never answer an attach.
	Silent bool
	// AttachError, when set, is the answer to every attach.
	AttachError error
	// Lose drops direct notices, as when the node that sends them dies.
	Lose bool

	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, with every command
	hub     *hub.Hub
	states  map[session.Key]session.State
	seats   map[string]hub.Seat // by token
	log     []session.Event
	serial  uint32
}

// NewFloor makes an empty one.
func NewFloor() *Floor {
	f := &Floor{changed: make(chan struct{}), states: map[session.Key]session.State{}, seats: map[string]hub.Seat{}}
	f.View = enforce.NewView(enforce.Options{Rows: f})
	return f
}

func now() session.Time { return session.TimeOf(time.Now()) }

// Login logs an employee in, as a trusted backend would, and returns the token for a socket.
func (f *Floor) Login(employee session.EmployeeID, terminal session.TerminalID) (token string, reply session.Reply) {
	f.mu.Lock()
	f.serial++
	id := session.ID{11: 1}
	binary.BigEndian.PutUint32(id[12:], f.serial)
	f.mu.Unlock()
	reply, err := f.do(employee.Key(), session.Login{
		Employee: employee, Session: id, Terminal: terminal, Device: "Chrome on Linux", Client: "hotseat", Trusted: true,
		Lifetime: 12 * time.Hour, Token: 15 * time.Minute, Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	})
	if err != nil {
		panic(fmt.Sprintf("login %s: %v", employee, err))
	}
	token = "token-" + id.String()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seats[token] = hub.Seat{
		Key: employee.Key(), Employee: employee, Session: id, Terminal: terminal, Epoch: reply.Session.Epoch,
	}
	return token, reply
}

// Do runs one command.
func (f *Floor) Do(employee session.EmployeeID, cmd session.Command) (session.Reply, error) {
	return f.do(employee.Key(), cmd)
}

// Alter changes what a token says.
func (f *Floor) Alter(token string, change func(*hub.Seat)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seat := f.seats[token]
	change(&seat)
	f.seats[token] = seat
}

// Attach implements hub.Owners.
func (f *Floor) Attach(_ context.Context, key session.Key, a session.Attach, done func(session.Reply, error)) {
	if f.AttachError != nil {
		done(session.Reply{}, f.AttachError)
		return
	}
	go func() {
		reply, err := f.do(key, a)
		if f.BeforeReply != nil {
			f.BeforeReply()
		}
		if !f.Silent {
			done(reply, err)
		}
	}()
}

// Detach implements hub.Owners.
func (f *Floor) Detach(key session.Key, s session.Socket) {
	f.do(key, session.Detach{Socket: s})
}

// AwaitHandles waits until the owner of an employee knows n sockets.
func (f *Floor) AwaitHandles(t *testing.T, employee session.EmployeeID, n int) {
	t.Helper()
	late := time.After(patience)
	for {
		f.mu.Lock()
		known, changed := len(f.states[employee.Key()].Handles), f.changed
		f.mu.Unlock()
		if known == n {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("the owner of %s knows %d sockets, want %d", employee, known, n)
		}
	}
}

// Ended implements hub.Ended.
func (f *Floor) Ended(id session.ID) *session.Notice {
	if f.Looking != nil {
		f.Looking(id)
	}
	return f.View.Ended(id)
}

// Load implements enforce.Rows.
func (f *Floor) Load(_ context.Context, key session.Key) (session.Employee, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.states[key].Employee, nil
}

// Next implements enforce.Source.
func (f *Floor) Next(context.Context) ([]session.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.log
	f.log = nil
	return events, nil
}

// do decides, commits and tells, in this order.
func (f *Floor) do(key session.Key, cmd session.Command) (session.Reply, error) {
	f.mu.Lock()
	next, change, err := session.Step(f.states[key], now(), cmd)
	if err != nil {
		f.mu.Unlock()
		return session.Reply{}, err
	}
	f.states[key] = next
	f.log = append(f.log, change.Events...)
	close(f.changed)
	f.changed = make(chan struct{})
	lose := f.Lose
	f.mu.Unlock()
	if lose {
		return change.Reply, nil
	}
	f.View.Add(change.Endings())
	f.tell(&change)
	for _, c := range change.Closes {
		f.hub.CloseSurplus(c.Socket.Conn)
	}
	return change.Reply, nil
}

func (f *Floor) tell(change *session.Change) {
	since := time.Now()
	for _, s := range change.Reply.Ended {
		sockets := 0
		for _, t := range change.Notices {
			if t.Notice.Session == s.ID {
				sockets++
			}
		}
		d := session.NewDelivery(sockets)
		change.Reply.Deliveries = append(change.Reply.Deliveries, d)
		for _, t := range change.Notices {
			if t.Notice.Session == s.ID {
				f.hub.Tell(t.Socket.Conn, t.Notice, d, since)
			}
		}
	}
}
