package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// ttl is how long a node's lease holds.
const ttl = 3 * time.Second

// startNodes starts that many nodes on one store and waits until each sees all of them.
func startNodes(t *testing.T, store string, count int) []*server {
	var nodes []*server
	for n := range count {
		nodes = append(nodes, startNode(t, store, fmt.Sprintf("node-%d", n+1)))
	}
	awaitMembers(t, nodes, count)
	return nodes
}

func startNode(t *testing.T, store, name string, args ...string) *server {
	return start(t, store, append([]string{"--node-name", name, "--cluster-listen", "127.0.0.1:0", "--drain-duration", "1s"}, args...)...)
}

// member is a node as GET /v1/admin/cluster shows it.
type member struct {
	Node, Boot      string
	Address         string
	Answered, Ready bool
	Draining        bool
	Lease           int `json:"lease_remaining_ms"`
	Employees       int
	Sockets         int
	Versions        struct{ Schema, Envelope int }
}

func (s *server) members() (list []member) {
	a := s.send("GET", "/v1/admin/cluster", adminKey, nil)
	var body struct{ Nodes []member }
	if a.err == nil && a.status == http.StatusOK {
		_ = json.Unmarshal(a.body, &body)
	}
	return body.Nodes
}

// awaitMembers waits until every node lists count members that answer and are ready.
func awaitMembers(t *testing.T, nodes []*server, count int) {
	t.Helper()
	for _, s := range nodes {
		require.Eventually(t, func() bool {
			list := s.members()
			return len(list) == count && !slices.ContainsFunc(list, func(m member) bool { return !m.Answered || !m.Ready })
		}, patience, 20*time.Millisecond, "the members that %s sees: %+v\n%s", s.listen, s.members(), s.log)
	}
}

func TestALoginOnOneNodeTellsATabOnAnotherAndItsTokenIsDeadEverywhere(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 3)
	c := newCoder(t)
	acked := 0
	for n := range 12 { // of whom each node owns some
		employee := fmt.Sprintf("employee-%d", n)
		here, there := nodes[n%3], nodes[(n+1)%3]
		older := c.open(there, here.mustLogin(employee, "till-1")).established(t)
		a := here.send("POST", "/v1/sessions?wait=acked&timeout_ms=2000", serviceKey, object{"employee_id": employee, "terminal_id": "till-2"})
		newer := here.decodeLogin(a)

		require.Len(t, newer.Terminated, 1)
		if newer.Terminated[0].Delivery == "acked" {
			acked++
		}
		told := older.toldAndClosed(t)
		require.Equal(t, "new_login", told.Reason)
		require.Equal(t, newer.Session.Epoch, told.Epoch)
		_, times, closes := older.state()
		require.Equal(t, 1, times)
		require.Equal(t, []int{4510}, closes)
		for _, s := range nodes {
			require.Equal(t, http.StatusUnauthorized, s.strict(older.login.AccessToken).status)
			require.Equal(t, http.StatusOK, s.strict(newer.AccessToken).status)
			s.localWithin(older.login.AccessToken)
		}
	}
	require.GreaterOrEqual(t, acked, 9, "from whichever node the tab is on; a tab that stands still answers too late")
}

// localWithin: level local refuses once its view is younger than the ending, and what it says before
// that it says to be older.
func (s *server) localWithin(ended string) {
	s.t.Helper()
	since := time.Now()
	for {
		age := time.Since(since)
		a := s.send("GET", "/v1/authz?level=local", ended, nil)
		require.NoError(s.t, a.err)
		if a.status == http.StatusUnauthorized {
			return
		}
		require.Equal(s.t, http.StatusOK, a.status)
		stale, err := strconv.Atoi(a.header.Get("X-Hotseat-Staleness-Ms"))
		require.NoError(s.t, err)
		require.GreaterOrEqual(s.t, time.Duration(stale+1)*time.Millisecond, age, "an answer older than it says")
	}
}

func TestTestsTicketsAndTheClustersViewWorkOnWhicheverNodeIsAsked(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 3)
	c := newCoder(t)
	ada := nodes[0].mustLogin("ada", "till-1")
	tab := c.open(nodes[1], ada).established(t)

	require.EventuallyWithT(t, func(c *assert.CollectT) { // a node that stands still for a second is not counted
		a := nodes[2].send("POST", "/v1/admin/terminals/till-1/test-termination", adminKey, nil)
		require.Equal(c, http.StatusOK, a.status, "%s", a.body)
		require.JSONEq(c, `{"sockets":1}`, string(a.body))
	}, patience, 20*time.Millisecond)
	tab.await(t, "the test", func() bool { return tab.last.Test })

	var ticket struct{ Ticket string }
	require.NoError(t, json.Unmarshal(nodes[2].send("POST", "/v1/ws-ticket", ada.AccessToken, nil).body, &ticket))
	require.Equal(t, http.StatusOK, nodes[0].stream(ticket.Ticket), "on another node than the one that gave it")
	require.Equal(t, http.StatusUnauthorized, nodes[1].stream(ticket.Ticket), "and only once")

	for _, s := range nodes {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			list := s.members()
			require.Len(c, list, 3)
			sockets := 0
			for _, m := range list {
				require.True(c, m.Answered && m.Ready && m.Lease > 0 && m.Versions.Schema > 0 && m.Versions.Envelope > 0, "%+v", m)
				sockets += m.Sockets
			}
			require.Equal(c, 1, sockets)
			require.Regexp(c, `\nhotseat_lease_remaining_seconds [12]\.`, string(s.probe("/metrics").body))
		}, patience, 20*time.Millisecond)
	}
}

// stream opens a stream of events with a ticket and answers the status.
func (s *server) stream(ticket string) int {
	response, err := client.Get("http://" + s.listen + "/v1/session/events?ticket=" + ticket)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestWhenANodeDiesItsEmployeesLogInWithinASecond(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 3)
	c := newCoder(t)
	const employees = 30
	var tabs []*tab
	for n := range employees {
		employee := fmt.Sprintf("employee-%d", n)
		tabs = append(tabs, c.open(nodes[n%2], nodes[2].mustLogin(employee, "till-1")).established(t))
	}
	slowest := time.Hour
	for death := 1; death <= 3 && slowest >= time.Second; death++ { // the machine may stand still once or twice
		nodes[2].Kill(func() {})
		slowest = 0
		for n, older := range tabs {
			began := time.Now()
			newer := nodes[n%2].mustLogin(older.login.Session.EmployeeID, fmt.Sprintf("till-%d", death+1))
			took := time.Since(began)
			require.Equal(t, newer.Session.Epoch, older.toldAndClosed(t).Epoch)
			slowest = max(slowest, took, older.unaware())
			tabs[n] = c.open(nodes[n%2], newer).established(t)
		}
		t.Logf("death %d: the slowest login or notice took %s", death, slowest)
		awaitMembers(t, nodes[:2], 2)
		nodes[2].Start()
		awaitMembers(t, nodes, 3)
	}
	require.Less(t, slowest, time.Second, "the slowest first login after a death, or its notice")
}

func TestANodeThatStoppedPastItsLeaseServesNothingStaleAndComesBackAnew(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 3)
	c := newCoder(t)
	const employees = 12
	var tabs []*tab
	for n := range employees {
		tabs = append(tabs, c.open(nodes[2], nodes[2].mustLogin(fmt.Sprintf("employee-%d", n), "till-1")).established(t))
	}
	before := nodes[0].members()
	require.NoError(t, nodes[2].process.Process.Signal(syscall.SIGSTOP))
	for n := range employees { // half of them end meanwhile
		if n%2 == 0 {
			nodes[0].mustLogin(fmt.Sprintf("employee-%d", n), "till-2")
		}
	}
	awaitMembers(t, nodes[:2], 2)
	require.NoError(t, nodes[2].process.Process.Signal(syscall.SIGCONT))
	for n, b := range tabs {
		a := nodes[2].strict(b.login.AccessToken)
		if n%2 == 0 {
			require.NotEqual(t, http.StatusOK, a.status, "an ended session of %d", n)
			require.NotEqual(t, http.StatusOK, nodes[2].send("GET", "/v1/session", b.login.AccessToken, nil).status)
		}
	}
	awaitMembers(t, nodes, 3)
	require.False(t, slices.ContainsFunc(nodes[0].members(), func(m member) bool {
		return m.Node == "node-3" && slices.ContainsFunc(before, func(old member) bool { return old.Boot == m.Boot })
	}), "a new boot id")
	for n, b := range tabs {
		if n%2 == 0 {
			require.Equal(t, "new_login", b.toldAndClosed(t).Reason)
			continue
		}
		b.await(t, "closed with 4001 and back", func() bool { return slices.Contains(b.closes, 4001) && b.isOpen })
		require.Empty(t, b.told)
	}
	nodes[1].mustLogin("employee-1", "till-2")
	require.Equal(t, "new_login", tabs[1].toldAndClosed(t).Reason, "its owner knows where it is")
}

func TestADatabaseThatIsAwayCostsAClusterNoProcessNoSocketAndNoMember(t *testing.T) {
	database := pgtest.NewServer(t, pgtest.Options{Fsync: true})
	nodes := startNodes(t, database.URL(t), 3)
	c := newCoder(t)
	var tabs []*tab
	for n := range 30 {
		tabs = append(tabs, c.open(nodes[n%3], nodes[0].mustLogin(fmt.Sprintf("employee-%d", n), "till-1")).established(t))
	}
	before := nodes[0].members()
	database.Stop(t)
	for until := time.Now().Add(4 * ttl); time.Now().Before(until); {
		for _, s := range nodes {
			s.refusedForNow(s.trusted(object{"employee_id": "employee-0", "terminal_id": "till-2"}))
		}
	}
	for _, s := range nodes {
		s.notReady()
	}
	database.Start(t)
	back := time.Now()
	require.Eventually(t, func() bool {
		return nodes[1].trusted(object{"employee_id": "employee-0", "terminal_id": "till-2"}).status == http.StatusOK
	}, patience, 20*time.Millisecond)
	require.Less(t, time.Since(back), ttl+2*time.Second, "from the store's return to the first login")
	require.Equal(t, "new_login", tabs[0].toldAndClosed(t).Reason)
	awaitMembers(t, nodes, 3)
	for _, m := range nodes[2].members() {
		require.True(t, slices.ContainsFunc(before, func(old member) bool { return old.Boot == m.Boot }), "%s is another run", m.Node)
	}
	for _, b := range tabs[1:] {
		stillThere(t, c, b)
	}
}
