package relay_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

// reader is a process that reads lines when it is asked to, and stands still otherwise.
type reader struct {
	t     *testing.T
	in    *os.File
	lines *bufio.Scanner
}

func newReader(t *testing.T) (r *reader, out *os.File) {
	t.Helper()
	in, out, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { out.Close() })
	return &reader{t: t, in: in, lines: bufio.NewScanner(in)}, out
}

// next is the id of the next event.
func (r *reader) next() string {
	r.t.Helper()
	require.NoError(r.t, r.in.SetReadDeadline(time.Now().Add(soon)))
	require.True(r.t, r.lines.Scan(), "%v", r.lines.Err())
	var e struct{ ID string }
	require.NoError(r.t, json.Unmarshal(r.lines.Bytes(), &e), "a line is whole")
	return e.ID
}

// leave ends whatever still writes.
func (r *reader) leave() { r.in.Close() }

// endTerm ends the relay's term, as a few seconds without the database do.
func endTerm(t *testing.T, s store.Store) {
	t.Helper()
	require.NoError(t, s.Resign(t.Context(), "relay", 1))
	term, err := s.Lead(t.Context(), "relay", "this", time.Second) // or it has done so itself by now
	require.NoError(t, err)
	require.EqualValues(t, 2, term)
}

// Nobody reads the standard output any more. The other sink gets its events all the same, in this term and in
// the next; whoever reads again gets all of them.
func TestAReaderThatStandsStillStopsNoOtherSinkAndMissesNothing(t *testing.T) {
	url := pgtest.URL(t)
	s, admin := openPostgres(t, url), openPostgres(t, url)
	lines, out := newReader(t)
	people, well := seats("ada"), &notebook{}
	c := carry(t, s, func(o *relay.Options) { o.PageEvents = 1000 },
		relay.Route{Name: "lines", Sink: relay.Lines{W: out}, FromStart: true}, relay.Route{Name: "well", Sink: well, FromStart: true})
	t.Cleanup(lines.leave)
	logins(t, s, people, 150) // more than a pipe holds
	hasAll := func(last string) {
		require.Eventually(t, func() bool { return slices.Contains(ids(well.noted()), last) }, soon, 2*time.Millisecond, "no %s", last)
	}
	hasAll("ada/150/2")
	require.Positive(t, c.metric(t, "hotseat_relay_backlog_events", "lines"))

	endTerm(t, admin)
	logins(t, s, people, 5)
	hasAll("ada/155/2")
	logins(t, s, people, 5)
	hasAll("ada/160/2")
	inOrder(t, s, well.noted())
	require.Positive(t, c.metric(t, "hotseat_relay_backlog_events", "lines"), "the backlog is still seen")

	seen := map[string]bool{}
	for len(seen) < 319 {
		seen[lines.next()] = true
	}
}

func TestANodeStopsThoughASinkDoesNotLetGo(t *testing.T) {
	s := openEmbedded(t, store.Options{})
	lines, out := newReader(t)
	c := carry(t, s, nil, relay.Route{Name: "lines", Sink: relay.Lines{W: out}, FromStart: true})
	logins(t, s, seats("ada"), 200)
	require.Eventually(t, func() bool { return c.metric(t, "hotseat_relay_backlog_events", "lines") > 0 }, soon, time.Millisecond)
	t.Cleanup(lines.leave)
	stopped := make(chan struct{})
	go func() { defer close(stopped); c.stop() }()
	select {
	case <-stopped:
	case <-time.After(soon):
		lines.leave()
		require.Fail(t, "it waits for who reads")
	}
}

// The delivery ends when another node leads: what the sink holds, as connections, is given back all the same.
func TestASinkThatWasLeftBehindIsClosedWhenItsDeliveryEnds(t *testing.T) {
	s := openEmbedded(t, store.Options{})
	stuck := &notebook{hold: make(chan struct{})}
	c := carry(t, s, nil, relay.Route{Name: "stuck", Sink: stuck, FromStart: true})
	logins(t, s, seats("ada"), 1)
	require.Eventually(t, func() bool { calls, _ := stuck.count(); return calls == 1 }, soon, time.Millisecond)
	c.stop()
	_, closed := stuck.count()
	require.Zero(t, closed, "a delivery is under way")
	close(stuck.hold)
	require.Eventually(t, func() bool { _, closed = stuck.count(); return closed == 1 }, soon, time.Millisecond)
}
