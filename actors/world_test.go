package actors_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/stretchr/testify/require"
)

const node = session.Node("n1")

// world is a System over a store and sockets in memory.
type world struct {
	t       *testing.T
	system  *actors.System
	store   *memoryStore
	gateway *recordingGateway
	view    *recordingView
	clock   wallClock
}

func newWorld(t *testing.T) *world { return newWorldWith(t, func(*actors.Options) {}) }

func newWorldWith(t *testing.T, change func(*actors.Options)) *world {
	w := &world{t: t, store: &memoryStore{rows: map[session.Key]session.Employee{}}, gateway: &recordingGateway{}, view: &recordingView{}}
	o := actors.Options{Store: w.store, Gateway: w.gateway, View: w.view, Clock: w.clock}
	change(&o)
	w.system = actors.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- w.system.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-stopped)
		w.store.wg.Wait()
	})
	return w
}

func (w *world) command(employee, terminal string) session.Login {
	return session.Login{
		Employee: session.EmployeeID(employee), Session: session.ID(uuid.Must(uuid.NewV7())),
		Terminal: session.TerminalID(terminal), Trusted: true, Lifetime: time.Hour, Token: time.Minute,
		Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	}
}

func (w *world) login(employee, terminal string) session.Reply {
	reply, err := w.system.Do(context.Background(), session.Key(employee), w.command(employee, terminal))
	require.NoError(w.t, err)
	return reply
}

func (w *world) attach(employee string, of session.Reply, conn uint64) {
	require.NoError(w.t, w.attachQuietly(employee, of, conn))
}

func (w *world) attachQuietly(employee string, of session.Reply, conn uint64) error {
	attach := session.Attach{Session: of.Session.ID, Socket: session.Socket{Node: node, Conn: conn}}
	_, err := w.system.Do(context.Background(), session.Key(employee), attach)
	return err
}

type wallClock struct{}

func (wallClock) Now() session.Time { return session.TimeOf(time.Now()) }

// memoryStore compares versions as the real ones do, and answers on other goroutines.
type memoryStore struct {
	mu           sync.Mutex
	wg           sync.WaitGroup
	rows         map[session.Key]session.Employee
	err          error
	lose         *bool
	held         map[session.Key]chan struct{}
	loadCount    int
	beforeCommit func(*session.Change)
}

func (s *memoryStore) Load(key session.Key, done func(session.Employee, error)) {
	s.later(key, func() {
		s.mu.Lock()
		s.loadCount++
		row, err := s.rows[key], s.err
		s.mu.Unlock()
		done(row, err)
	})
}

func (s *memoryStore) Commit(key session.Key, expected session.Version, change *session.Change, done func(error, bool)) {
	s.later(key, func() {
		if s.beforeCommit != nil {
			s.beforeCommit(change)
		}
		done(s.commit(key, expected, change), false)
	})
}

func (s *memoryStore) Help(ask func()) { ask() }

func (s *memoryStore) commit(key session.Key, expected session.Version, change *session.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return s.err
	case s.rows[key].Version != expected:
		return session.ErrConflict
	case s.lose != nil:
		applied := *s.lose
		s.lose = nil
		if applied {
			s.rows[key] = *change.Save
		}
		return session.ErrOutcomeUnknown
	}
	s.rows[key] = *change.Save
	return nil
}

func (s *memoryStore) FindKey(key session.Key, _ [16]byte, _ session.Time, done func(*session.KeyRecord, error)) {
	s.later(key, func() { done(nil, nil) })
}

func (s *memoryStore) later(key session.Key, do func()) {
	s.mu.Lock()
	held := s.held[key]
	s.mu.Unlock()
	s.wg.Go(func() {
		if held != nil {
			<-held
		}
		do()
	})
}

// hold makes the store silent for one employee until release.
func (s *memoryStore) hold(key session.Key) (release func()) {
	held := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = map[session.Key]chan struct{}{key: held}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.held = nil
		s.mu.Unlock()
		close(held)
	})
}

func (s *memoryStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *memoryStore) loseOutcomeOnce(applied bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose = &applied
}

func (s *memoryStore) row(key session.Key) session.Employee {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[key]
}

func (s *memoryStore) loads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loadCount
}

// foreignLogin is another owner's takeover, behind this system's back.
func (s *memoryStore) foreignLogin(t *testing.T, key session.Key, terminal session.TerminalID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, change, err := session.Step(session.State{Employee: s.rows[key]}, wallClock{}.Now(), session.Login{
		Employee: session.EmployeeID(key), Session: session.ID(uuid.Must(uuid.NewV7())), Terminal: terminal,
		Trusted: true, Lifetime: time.Hour, Token: time.Minute,
		Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	})
	require.NoError(t, err)
	require.NotNil(t, change.Save)
	s.rows[key] = next.Employee
}

type recordingGateway struct {
	mu    sync.Mutex
	tells []session.Told
	local []session.Socket
}

func (g *recordingGateway) Tell(told []session.Told, deliveries []*session.Delivery, _ time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tells = append(g.tells, told...)
	for _, d := range deliveries {
		if d != nil {
			d.Report(session.Sent, time.Millisecond)
		}
	}
}

func (g *recordingGateway) CloseSurplus(session.Socket) {}

func (g *recordingGateway) Sockets(session.ID) []session.Socket { return g.local }

func (g *recordingGateway) told() []session.Told {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]session.Told(nil), g.tells...)
}

type recordingView struct {
	mu  sync.Mutex
	ids []session.ID
}

func (v *recordingView) Add(events []session.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range events {
		v.ids = append(v.ids, events[i].Session.ID)
	}
}

func (v *recordingView) ended() []session.ID {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]session.ID(nil), v.ids...)
}
