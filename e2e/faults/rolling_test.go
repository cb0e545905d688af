package faults

import (
	"encoding/json"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// Row 30. Three nodes are replaced one after the other behind HAProxy by the version after theirs, and no
// client repeats anything.
func TestARollingRestartUnderLoadRefusesNobody(t *testing.T) {
	r := attack(t, "30", "rolling restart of 3 nodes behind HAProxy", all...)
	s := newSiteWith(t, pgtest.Options{}) // whose schema the next version changes
	var nodes []*node
	for range 3 {
		n := r.member(s, binaries.current, "--trusted-proxies", clientIP)
		n.args = append(n.args, "--drain-delay", "3s")
		n.start()
		nodes = append(nodes, n)
	}
	r.whole(nodes...)
	r.speaks(nodes, 1, 1, 1)
	front := &node{name: "HAProxy"}
	p := newHAProxy(t, nodes...)
	front.url = p.url
	// Of two logins of one employee at once, the one that lost may be told so at once: not here.
	c := newCrowd(t, r.notes, 30, 40*time.Millisecond, front)
	c.eachHas = 1
	r.crowd = c.begin()
	g := r.seatGuests(60, nil, front)
	for range pick(1, 4) {
		for _, n := range nodes {
			n.signal(syscall.SIGTERM)
			<-n.gone
			require.Zero(t, n.process.ProcessState.ExitCode())
			p.sees(n, "DOWN")
			n.program = binaries.next
			n.start()
			r.whole(nodes...)
			p.sees(n, "UP")
		}
	}
	r.speaks(nodes, 2, 2, 2)
	r.busy(50)
	for _, guest := range g.people {
		r.seated(guest, 1)
	}
	require.Zero(t, g.told(g.people), "sockets that were told that a session has ended which has not")
	require.Positive(t, g.broken.Load(), "each node's sockets moved")
	require.Empty(t, c.notDone(), "logins that were not answered 200 at once, of %d", c.answer.Load())
	r.judge()
}

// Row 31. Nodes of two neighbouring versions work side by side, in every mixture on the way up and
// one step back: the newer one has a further schema and a further envelope.
func TestTwoVersionsWorkSideBySide(t *testing.T) {
	r := attack(t, "31", "two versions side by side, replaced one by one", all...)
	s := newSiteWith(t, pgtest.Options{})
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(50)
	r.speaks(nodes, 1, 1, 1)
	for _, step := range []struct {
		node    int
		program string
		shown   []int
	}{
		{0, binaries.next, []int{2, 1, 1}},
		{1, binaries.next, []int{2, 2, 1}},
		{1, binaries.current, []int{2, 1, 1}}, // somebody had second thoughts
		{1, binaries.next, []int{2, 2, 1}},
		{2, binaries.next, []int{2, 2, 2}},
	} {
		n := nodes[step.node]
		n.signal(syscall.SIGTERM)
		<-n.gone
		n.program = step.program
		n.start()
		r.whole(nodes...)
		r.speaks(nodes, step.shown...)
		r.busy(50)
	}
	var schema int64
	require.NoError(t, connect(t, s.store).QueryRow(t.Context(), "SELECT max(version_id) FROM schema_migrations").Scan(&schema))
	require.EqualValues(t, nextSchema, schema)
	r.judge()
}

// speaks waits until every node shows that the nodes, in the order of their names, speak these envelopes.
// A run that was just replaced is shown until its successor has taken its name.
func (r *row) speaks(nodes []*node, want ...int) {
	r.t.Helper()
	for _, asked := range nodes {
		var shown []int
		require.Eventually(r.t, func() bool {
			shown = nil
			for _, m := range asked.shown() {
				shown = append(shown, m.Versions.Envelope)
			}
			return slices.Equal(want, shown)
		}, patience, 20*time.Millisecond, "%s does not show %v", asked.name, want)
	}
}

// member is a node as GET /v1/admin/cluster shows it.
type member struct {
	Node, Boot string
	Answered   bool
	Versions   struct{ Envelope int }
}

// shown is what the node says of all of them; nothing while it does not answer.
func (n *node) shown() []member {
	var list struct{ Nodes []member }
	_ = json.Unmarshal(call(n.url, "GET", "/v1/admin/cluster", adminKey, nil).body, &list)
	return list.Nodes
}

// nextSchema is the migration that the next version brings; expanding is all that one may do.
const (
	nextSchema    = 1000
	nextMigration = `-- +goose Up
ALTER TABLE employees ADD COLUMN next text;
ALTER TABLE employees ADD COLUMN counted bigint NOT NULL DEFAULT 0;
ALTER TABLE log ADD COLUMN next text;
CREATE TABLE next (id bigint);
`
)

// writeNext writes what makes this tree the next version, and answers the arguments of its build.
func writeNext(folder string) (args []string, err error) {
	migration, plan := folder+"/next.sql", folder+"/next.json"
	if err := os.WriteFile(migration, []byte(nextMigration), 0o644); err != nil {
		return nil, err
	}
	at, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]map[string]string{
		"Replace": {at + "/../../persistence/postgres/migrations/01000_next.sql": migration},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(plan, text, 0o644); err != nil {
		return nil, err
	}
	return []string{"-overlay", plan, "-ldflags", "-X github.com/hotseat-hub/hotseat/actors/wire.version=2"}, nil
}
