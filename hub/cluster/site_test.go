package cluster_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/hub/cluster"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should take a second at most.
const patience = 20 * time.Second

// site is a cluster in one process: real actors and real connections over leases and rows in memory.
type site struct {
	t      *testing.T
	leases *table
	rows   *rows
}

func newSite(t *testing.T) *site {
	s := &site{t: t, leases: &table{rows: map[session.Node]cluster.Member{}}, rows: &rows{all: map[session.Key]session.Employee{}}}
	t.Cleanup(s.rows.wait.Wait)
	return s
}

// node is one node of the site, and what its sockets were told.
type node struct {
	*cluster.Node
	site      *site
	client    *actors.Client
	announcer *actors.Announcer
	stop      func()

	mu     sync.Mutex
	run    *cluster.Run
	stops  []context.CancelFunc
	actors sync.WaitGroup
	told   map[uint64]session.Notice
	calls  []int // how many notices came together, each time
	closed []uint64
	lost   int
}

func (s *site) start(name string, change ...func(*cluster.Options)) *node {
	n := &node{site: s, client: &actors.Client{}, told: map[uint64]session.Notice{}}
	n.announcer = actors.NewAnnouncer(n.client)
	o := cluster.Options{
		Rules: cluster.Rules{TTL: 3 * time.Second, Beat: 150 * time.Millisecond}, Name: name, Listen: "127.0.0.1:0", Leases: s.leases, Life: n,
		Member: cluster.Member{Envelope: 1},
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	n.Node, err = cluster.New(o)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = n.announcer.Run(ctx) })
	running.Go(func() { _ = n.Node.Run(ctx) })
	n.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		n.mu.Lock()
		for _, stop := range n.stops {
			stop()
		}
		n.mu.Unlock()
		n.actors.Wait()
	})
	s.t.Cleanup(n.stop)
	return n
}

// await waits until every node sees that many members.
func (s *site) await(count int, nodes ...*node) {
	s.t.Helper()
	for _, n := range nodes {
		require.Eventually(s.t, func() bool {
			r := n.Current()
			return r != nil && r.MayOwn() && len(r.Members()) == count
		}, patience, 5*time.Millisecond)
	}
}

// Begin implements cluster.Life.
func (n *node) Begin(r *cluster.Run) cluster.System {
	system := actors.New(actors.Options{
		Store: n.site.rows, Gateway: n, View: n, Clock: clock{}, Node: r.Boot, Router: router{r}, Elsewhere: n,
	})
	ctx, stop := context.WithCancel(context.Background())
	n.actors.Go(func() { _ = system.Run(ctx) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.run, n.stops = r, append(n.stops, stop)
	n.client.Use(system)
	return system
}

func (n *node) Joined(*cluster.Run)  {}
func (n *node) Changed(*cluster.Run) {}
func (n *node) End(*cluster.Run)     {}

func (n *node) Lost(*cluster.Run) {
	n.client.Use(nil)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lost++
}

// Tell implements actors.Gateway.
func (n *node) Tell(told []session.Told, deliveries []*session.Delivery, _ time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, len(told))
	for i := range told {
		n.told[told[i].Socket.Conn] = told[i].Notice
		deliveries[i].Report(session.Sent, time.Millisecond)
		deliveries[i].Report(session.Acked, 2*time.Millisecond)
	}
}

func (n *node) heard(conn uint64) (session.Notice, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	notice, ok := n.told[conn]
	return notice, ok
}

func (n *node) CloseSurplus(s session.Socket) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = append(n.closed, s.Conn)
}

func (n *node) Sockets(session.ID) []session.Socket              { return nil }
func (n *node) Add([]session.Event)                              {}
func (n *node) TestTermination(_ session.TerminalID, _ bool) int { return 2 }
func (n *node) Status() []byte                                   { return []byte(`{"how":"fine"}`) }

// login logs an employee in through this node.
func (n *node) login(employee, terminal string) (session.Reply, error) {
	ctx, cancel := context.WithTimeout(n.site.t.Context(), patience)
	defer cancel()
	return n.client.Do(ctx, session.Key(employee), command(employee, terminal))
}

func command(employee, terminal string) session.Login {
	return session.Login{
		Employee: session.EmployeeID(employee), Session: session.ID(uuid.Must(uuid.NewV7())), Terminal: session.TerminalID(terminal),
		Trusted: true, Lifetime: time.Hour, Token: time.Minute, Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	}
}

func (n *node) mustLogin(employee, terminal string) session.Reply {
	n.site.t.Helper()
	reply, err := n.login(employee, terminal)
	require.NoError(n.site.t, err)
	return reply
}

// refresh asks for a successor of a session's token of that generation.
func (n *node) refresh(employee string, of *session.Session, generation uint32) error {
	_, err := n.client.Do(context.Background(), session.Key(employee), session.Refresh{
		Session: of.ID, Generation: generation, Token: time.Minute,
	})
	return err
}

// attach announces a socket of this node.
func (n *node) attach(employee string, of session.Reply, conn uint64) error {
	done := make(chan error, 1)
	n.announcer.Attach(session.Key(employee), session.Attach{Session: of.Session.ID, Socket: session.Socket{Conn: conn}},
		func(_ session.Reply, err error) { done <- err })
	return <-done
}

// ownedBy is an employee that the node owns.
func (s *site) ownedBy(n *node) string {
	for {
		employee := "e-" + uuid.NewString()
		if m, _ := n.Current().Owner(session.Key(employee)); m.Boot == n.Current().Boot {
			return employee
		}
	}
}

type clock struct{}

func (clock) Now() session.Time { return session.TimeOf(time.Now()) }

// router is as serve.go has it.
type router struct{ run *cluster.Run }

func peer(m cluster.Member) actors.Peer {
	return actors.Peer{Node: m.Boot, Address: m.Address, Envelope: m.Envelope}
}

func (r router) Owner(key session.Key) (actors.Peer, bool) {
	m, known := r.run.Owner(key)
	return peer(m), known && m.Boot == r.run.Boot
}
func (r router) MayOwn() bool            { return r.run.MayOwn() }
func (r router) FreshFor() time.Duration { return r.run.FreshFor() }
func (r router) Generation() uint64      { return r.run.Generation() }

func (r router) Peer(node session.Node) (actors.Peer, bool) {
	m, known := r.run.Member(node)
	return peer(m), known
}

func (r router) Peers() (others []actors.Peer) {
	for _, m := range r.run.Members() {
		if m.Boot != r.run.Boot {
			others = append(others, peer(m))
		}
	}
	return others
}

// table is the leases in memory. While away is set nothing can be asked.
type table struct {
	mu   sync.Mutex
	rows map[session.Node]cluster.Member
	away bool
}

func (t *table) locked(do func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.away {
		return session.ErrUnavailable
	}
	do()
	return nil
}

func (t *table) Join(_ context.Context, m cluster.Member, _ bool) error {
	return t.locked(func() { m.Beat = 1; t.rows[m.Boot] = m })
}

func (t *table) Renew(_ context.Context, m cluster.Member) (members []cluster.Member, marked bool, err error) {
	err = t.locked(func() {
		for _, one := range t.rows {
			members = append(members, one)
		}
		slices.SortFunc(members, func(a, b cluster.Member) int { return slices.Compare([]byte(a.Boot), []byte(b.Boot)) })
		mine, alive := t.rows[m.Boot]
		if marked = !alive; alive {
			mine.Beat, mine.Draining = mine.Beat+1, m.Draining
			t.rows[m.Boot] = mine
		}
	})
	return members, marked, err
}

func (t *table) MarkDead(_ context.Context, boot session.Node, beat int64) error {
	return t.locked(func() {
		if t.rows[boot].Beat == beat {
			delete(t.rows, boot)
		}
	})
}

func (t *table) Leave(_ context.Context, boot session.Node) error {
	return t.locked(func() { delete(t.rows, boot) })
}

// rows are the store: versions are compared, answers come on other goroutines.
type rows struct {
	mu   sync.Mutex
	all  map[session.Key]session.Employee
	wait sync.WaitGroup
}

func (r *rows) Load(key session.Key, done func(session.Employee, error)) {
	r.wait.Go(func() {
		r.mu.Lock()
		row := r.all[key]
		r.mu.Unlock()
		done(row, nil)
	})
}

func (r *rows) Help(ask func()) { ask() }

func (r *rows) Commit(key session.Key, expected session.Version, c *session.Change, done func(error, bool)) {
	r.wait.Go(func() {
		r.mu.Lock()
		err := session.ErrConflict
		if r.all[key].Version == expected {
			r.all[key], err = *c.Save, nil
		}
		r.mu.Unlock()
		done(err, false)
	})
}

func (r *rows) FindKey(_ session.Key, _ [16]byte, _ session.Time, done func(*session.KeyRecord, error)) {
	done(nil, nil)
}
