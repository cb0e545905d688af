package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// world is the surroundings of an API in memory. The rules are the real ones: every command goes
// through session.Step.
type world struct {
	mu       sync.Mutex
	now      session.Time
	states   map[session.Key]*session.State
	profiles map[session.Key]session.Profile
	ended    map[session.ID]*session.Notice
	log      []session.Event // of all commands
	// down makes the store, and with it the owners, answer with this error.
	down error
	// stale is how old the view says it is.
	stale time.Duration
	// deliver is asked how many reports to expect for each session that a command ended, and given
	// the Delivery; nil: sockets of nobody.
	deliver func(session.ID) *session.Delivery
	// tell, if not nil, is the hub's: it hears the notices of what a command ended.
	tell func(conn uint64, n session.Notice, d *session.Delivery, since time.Time)
	// surplus closes a socket that is one too many.
	surplus func(conn uint64)
	// before is called with each command, outside of the lock.
	before func(session.Command)
	// lost is called with each command that was done; an error takes the place of its answer.
	lost func(session.Command) error
	// loads and commands count the calls.
	loads, commands int
	// sockets of terminals, for test-termination.
	sockets map[session.TerminalID]int
}

func newWorld() *world {
	return &world{
		now:    session.TimeOf(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)),
		states: map[session.Key]*session.State{}, profiles: map[session.Key]session.Profile{},
		ended: map[session.ID]*session.Notice{}, sockets: map[session.TerminalID]int{},
	}
}

func (w *world) Now() session.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = err
}

func (w *world) Do(_ context.Context, key session.Key, cmd session.Command) (session.Reply, error) {
	if w.before != nil {
		w.before(cmd)
	}
	w.mu.Lock()
	w.commands++
	w.mu.Unlock()
	reply, err := w.step(key, cmd)
	if err == nil && w.lost != nil {
		err = w.lost(cmd)
	}
	return reply, err
}

// step decides, keeps and tells, as an owner does. It is what sockets call, which are not counted.
func (w *world) step(key session.Key, cmd session.Command) (session.Reply, error) {
	change, err := w.change(key, cmd)
	for i := range change.Notices {
		if w.tell == nil {
			break
		}
		told := &change.Notices[i]
		var d *session.Delivery
		for j := range change.Reply.Ended {
			if change.Reply.Ended[j].ID == told.Notice.Session {
				d = change.Reply.Deliveries[j]
			}
		}
		w.tell(told.Socket.Conn, told.Notice, d, time.Now())
	}
	for _, one := range change.Closes {
		if w.surplus != nil {
			w.surplus(one.Socket.Conn)
		}
	}
	return change.Reply, err
}

func (w *world) change(key session.Key, cmd session.Command) (session.Change, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return session.Change{}, w.down
	}
	state := w.states[key]
	if state == nil {
		state = &session.State{Since: w.now}
	}
	next, change, err := session.Step(*state, w.now, cmd)
	if errors.Is(err, session.ErrLookupKey) {
		login := cmd.(session.Login)
		login.Looked = true
		next, change, err = session.Step(*state, w.now, login)
	}
	if err != nil {
		return session.Change{}, err
	}
	if err := next.Check(); err != nil {
		panic(err)
	}
	if err := w.keep(key, &change); err != nil {
		return session.Change{}, err
	}
	w.states[key] = &next
	w.log = append(w.log, change.Events...)
	for _, e := range change.Endings() {
		n := e.Notice()
		w.ended[e.Session.ID] = &n
	}
	for i := range change.Reply.Ended {
		sockets := 0
		for _, told := range change.Notices {
			if told.Notice.Session == change.Reply.Ended[i].ID {
				sockets++
			}
		}
		d := session.NewDelivery(sockets)
		if w.deliver != nil {
			d = w.deliver(change.Reply.Ended[i].ID)
		}
		change.Reply.Deliveries = append(change.Reply.Deliveries, d)
	}
	return change, nil
}

// keep stores the profile as a store would.
func (w *world) keep(key session.Key, c *session.Change) error {
	if c.DeleteProfile {
		delete(w.profiles, key)
	}
	if c.Profile == nil {
		return nil
	}
	p := w.profiles[key]
	p.ID, p.Credential = c.Save.ID, c.Save.Credential
	set := func(field, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&p.Username, c.Profile.Username)
	set(&p.FirstName, c.Profile.FirstName)
	set(&p.LastName, c.Profile.LastName)
	set(&p.Email, c.Profile.Email)
	set(&p.Role, c.Profile.Role)
	set(&p.PasswordHash, c.Profile.PasswordHash)
	if c.Profile.LegacyID != nil {
		p.LegacyID = *c.Profile.LegacyID
	}
	for other, q := range w.profiles {
		if other != key && p.Username != "" && strings.EqualFold(q.Username, p.Username) {
			return session.ErrUsernameTaken
		}
	}
	w.profiles[key] = p
	return nil
}

func (w *world) Load(_ context.Context, key session.Key) (session.Employee, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loads++
	if w.down != nil {
		return session.Employee{}, w.down
	}
	if s := w.states[key]; s != nil {
		return s.Employee, nil
	}
	return session.Employee{}, nil
}

func (w *world) Profile(_ context.Context, key session.Key) (session.Profile, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return session.Profile{}, w.down
	}
	p, ok := w.profiles[key]
	if !ok {
		return p, session.ErrNotFound
	}
	return p, nil
}

func (w *world) Profiles(_ context.Context, prefix string, after session.Key, limit int) ([]Record, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return nil, w.down
	}
	var records []Record
	for key, p := range w.profiles {
		if strings.HasPrefix(string(key), prefix) && key > after {
			records = append(records, Record{Profile: p, Policy: w.states[key].Policy, Locked: w.states[key].Locked})
		}
	}
	slices.SortFunc(records, func(a, b Record) int {
		return strings.Compare(string(a.Profile.ID.Key()), string(b.Profile.ID.Key()))
	})
	return records[:min(limit, len(records))], nil
}

func (w *world) Check(_ context.Context, _ session.Key, id session.ID, _ session.Epoch, _ session.Time) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.ended[id]; n != nil {
		return w.stale, &session.TerminatedError{Notice: *n}
	}
	return w.stale, w.down
}

func (w *world) Ended(id session.ID) *session.Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended[id]
}

func (w *world) TestTermination(terminal session.TerminalID, _ bool) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sockets[terminal]
}

func (w *world) ProfileByUsername(_ context.Context, username string) (session.Profile, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return session.Profile{}, w.down
	}
	for _, p := range w.profiles {
		if username != "" && strings.EqualFold(p.Username, username) {
			return p, nil
		}
	}
	return session.Profile{}, session.ErrNotFound
}
