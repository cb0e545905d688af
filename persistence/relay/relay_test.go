package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func TestEveryEventReachesEverySinkInOrderAndOnceWhileAllIsWell(t *testing.T) {
	onEachStore(t, func(t *testing.T, s store.Store) {
		people := seats("ada", "bea", "cleo")
		logins(t, s, people, 20)
		all, late := &notebook{}, &notebook{}
		c := carry(t, s, func(o *relay.Options) { patient(o); o.PageEvents = 7 },
			relay.Route{Name: "all", Sink: all, FromStart: true}, relay.Route{Name: "late", Sink: late})
		before := len(all.waitFor(t, 3*39))
		require.Equal(t, 3*39, before)
		begun(t, s, "late")
		logins(t, s, people, 5)
		events := all.waitFor(t, before+30)
		require.Zero(t, inOrder(t, s, events))
		require.Equal(t, ids(events[before:]), ids(late.waitFor(t, 30)), "a new sink begins with the present")
		require.Equal(t, "ada/1/1", events[0].ID)
		require.Equal(t, "https://hub.example", events[0].Source)
		require.Eventually(t, func() bool {
			return c.metric(t, "hotseat_relay_lag_seconds", "all") == 0 && c.metric(t, "hotseat_relay_backlog_events", "all") == 0
		}, soon, time.Millisecond)
		require.EqualValues(t, 1, c.metric(t, "hotseat_relay_leading", ""))
		require.EqualValues(t, before+30, c.metric(t, "hotseat_relay_delivered_total", "all"))
	})
}

// begun waits for the mark that a new sink is given before its first event.
func begun(t *testing.T, s store.Store, sink string) {
	t.Helper()
	require.Eventually(t, func() bool {
		at, err := s.Mark(t.Context(), store.HoldPrefix+sink)
		return err == nil && at != ""
	}, soon, time.Millisecond)
}

func ids(events []relay.Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestARelayGoesOnFromItsMark(t *testing.T) {
	onEachStore(t, func(t *testing.T, s store.Store) {
		people, book := seats("ada", "bea"), &notebook{}
		route := relay.Route{Name: "book", Sink: book}
		first := carry(t, s, patient, route)
		begun(t, s, "book")
		logins(t, s, people, 1)
		book.waitFor(t, 2)
		require.Eventually(t, func() bool {
			at, err := s.Mark(t.Context(), store.HoldPrefix+"book")
			require.NoError(t, err)
			page, err := s.ReadLog(t.Context(), at, 1)
			return err == nil && len(page.Events) == 0
		}, soon, time.Millisecond, "the mark follows the delivery")
		first.stop()
		logins(t, s, people, 9)
		carry(t, s, patient, route)
		require.Zero(t, inOrder(t, s, book.waitFor(t, 2+9*4)))
	})
}

// Logins go on, the backlog and its age are metrics, and nothing is passed over.
func TestEventsWaitForASinkThatIsAway(t *testing.T) {
	onEachStore(t, func(t *testing.T, s store.Store) {
		people, book := seats("ada", "bea"), &notebook{away: errAway}
		c := carry(t, s, func(o *relay.Options) { patient(o); o.PageEvents = 4 }, relay.Route{Name: "book", Sink: book, FromStart: true})
		logins(t, s, people, 30)
		require.Eventually(t, func() bool {
			return c.metric(t, "hotseat_relay_backlog_events", "book") >= 55 && c.metric(t, "hotseat_relay_lag_seconds", "book") > 0 &&
				c.metric(t, "hotseat_relay_failures_total", "book") > 3
		}, soon, time.Millisecond)
		book.set(func(n *notebook) { n.away = nil })
		require.Zero(t, inOrder(t, s, book.waitFor(t, 2*59)), "what was refused whole is not repeated")
	})
}

// The length is true while one delivery takes for ever, too.
func TestTheBacklogIsSeenToGrowWhileADeliveryHangs(t *testing.T) {
	onEachStore(t, func(t *testing.T, s store.Store) {
		people, book, hold := seats("ada"), &notebook{}, make(chan struct{})
		book.hold = hold
		c := carry(t, s, nil, relay.Route{Name: "book", Sink: book, FromStart: true})
		t.Cleanup(func() { close(hold) })
		logins(t, s, people, 1)
		require.Eventually(t, func() bool { return c.metric(t, "hotseat_relay_backlog_events", "book") == 1 }, soon, time.Millisecond)
		logins(t, s, people, 20)
		require.Eventually(t, func() bool { return c.metric(t, "hotseat_relay_backlog_events", "book") >= 20 }, soon, 20*time.Millisecond)
	})
}

// stopped is the store of a node that stands still while its lease ends, and then goes on: for as long as
// it is stopped it believes what it heard last. The rest works.
type stopped struct {
	store.Store
	mu     sync.Mutex
	heard  store.Term
	asleep bool
}

func (s *stopped) Lead(ctx context.Context, name, holder string, ttl time.Duration) (store.Term, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asleep {
		return s.heard, nil
	}
	term, err := s.Store.Lead(ctx, name, holder, ttl)
	s.heard = term
	return term, err
}

func (s *stopped) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asleep = true
}

// A leader that stopped in the middle of a delivery, and goes on after another has followed, moves no
// mark, though it still believes that it leads: what it delivered is repeated under the same ids, and no
// event is lost between the two.
func TestALeaderWhoseTermIsOverMovesNoMark(t *testing.T) {
	url := pgtest.URL(t)
	old, next := &stopped{Store: openPostgres(t, url)}, openPostgres(t, url)
	people, book, hold := seats("ada", "bea"), &notebook{}, make(chan struct{})
	paging := func(o *relay.Options) { o.PageEvents = 6 }
	stuck := &notebook{hold: hold}
	release := sync.OnceFunc(func() { close(hold) })
	first := carry(t, old, paging, relay.Route{Name: "book", Sink: stuck, FromStart: true})
	t.Cleanup(release)
	logins(t, next, people, 10)
	require.Eventually(t, func() bool { return first.metric(t, "hotseat_relay_leading", "") == 1 }, soon, time.Millisecond)
	second := carry(t, next, func(o *relay.Options) { paging(o); o.Holder = "other" }, relay.Route{Name: "book", Sink: book, FromStart: true})
	require.EqualValues(t, -1, second.metric(t, "hotseat_relay_lag_seconds", "book"), "one leads")

	old.stop()
	require.Zero(t, inOrder(t, next, book.waitFor(t, 2*19)))
	behind := func() int {
		at, err := next.Mark(t.Context(), store.HoldPrefix+"book")
		require.NoError(t, err)
		page, err := next.ReadLog(t.Context(), at, 100)
		require.NoError(t, err)
		return len(page.Events)
	}
	require.Eventually(t, func() bool { return behind() == 0 }, soon, time.Millisecond)
	release() // the former leader's delivery succeeds at last
	require.Eventually(t, func() bool { return first.metric(t, "hotseat_relay_leading", "") == 0 }, soon, time.Millisecond,
		"its mark is refused, which tells it")
	require.Zero(t, behind(), "the mark did not go back")
	first.stop()
	logins(t, next, people, 3)
	all := append(stuck.noted(), book.waitFor(t, 2*19+12)...)
	require.Positive(t, inOrder(t, next, all), "the former leader's events came twice, under the same ids")
}

// keeper is a sink that keeps something at the end of its first delivery, and takes nothing.
type keeper struct {
	notebook
	first sync.Once
	kept  chan error // what the keeping came to
}

func (k *keeper) Deliver(ctx context.Context, events []relay.Event, keep relay.Keep) error {
	k.first.Do(func() {
		_ = k.notebook.Deliver(ctx, events, keep)
		k.kept <- keep(context.WithoutCancel(ctx), "kept/book", "of a former term")
	})
	return errAway
}

// What a sink keeps for the next leader is as old as its delivery: once another leads, it is not written over
// what that one has kept, whether the former leader knows of it, or leads again.
func TestADeliveryWhoseTermIsOverKeepsNothing(t *testing.T) {
	url := pgtest.URL(t)
	s, admin := openPostgres(t, url), openPostgres(t, url)
	k := &keeper{notebook: notebook{hold: make(chan struct{})}, kept: make(chan error, 1)}
	carry(t, s, nil, relay.Route{Name: "book", Sink: k, FromStart: true})
	logins(t, admin, seats("ada"), 2)
	require.Eventually(t, func() bool { calls, _ := k.count(); return calls == 1 }, soon, time.Millisecond)
	require.NoError(t, admin.SetMarkAs(t.Context(), "relay", 1, "kept/book", "of the first term"))
	endTerm(t, admin)
	require.NoError(t, admin.SetMarkAs(t.Context(), "relay", 2, "kept/book", "of the second term"))
	close(k.hold)
	require.ErrorIs(t, <-k.kept, session.ErrConflict)
	at, err := admin.Mark(t.Context(), "kept/book")
	require.NoError(t, err)
	require.EqualValues(t, "of the second term", at)
}

func TestAFencedSinkEndsTheTerm(t *testing.T) {
	s := openEmbedded(t, store.Options{})
	book := &notebook{away: errors.Join(relay.ErrFenced, errAway)}
	c := carry(t, s, nil, relay.Route{Name: "book", Sink: book, FromStart: true})
	logins(t, s, seats("ada"), 2)
	require.Eventually(t, func() bool { return c.metric(t, "hotseat_relay_leading", "") == 0 }, soon, time.Microsecond)
	book.set(func(n *notebook) { n.away = nil })
	book.waitFor(t, 3)
}

// The log never fills the disk for a sink that does not come back: it misses events for ever, which is
// an alarm, and hears of what happens from then on. The other sinks miss nothing.
func TestASinkThatIsAwayForTooLongIsLostAndGoesOnFromThePresent(t *testing.T) {
	s := openEmbedded(t, store.Options{Retention: time.Millisecond, RetentionMax: 2 * time.Millisecond})
	people, book, well := seats("ada"), &notebook{away: errAway}, &notebook{}
	routes := []relay.Route{{Name: "book", Sink: book, FromStart: true}, {Name: "well", Sink: well, FromStart: true}}
	c := carry(t, s, func(o *relay.Options) { o.PageEvents = 1 }, routes...)
	logins(t, s, people, 5)
	well.waitFor(t, 9)
	require.Eventually(t, func() bool { return c.metric(t, "hotseat_relay_failures_total", "book") > 0 }, soon, time.Millisecond)
	require.Eventually(t, func() bool {
		require.NoError(t, s.Maintain(t.Context()))
		page, err := s.ReadLog(t.Context(), "", 10)
		return err == nil && len(page.Events) == 0
	}, soon, time.Millisecond, "the log is as short as it may be")
	require.Zero(t, c.metric(t, "hotseat_relay_lost_timestamp_seconds", "book"))
	book.set(func(n *notebook) { n.away = nil })
	require.Eventually(t, func() bool { return c.metric(t, "hotseat_relay_lost_timestamp_seconds", "book") > 0 }, soon, time.Millisecond)
	require.Zero(t, c.metric(t, "hotseat_relay_lost_timestamp_seconds", "well"))

	logins(t, s, people, 1)
	events := book.waitFor(t, 3)
	require.Equal(t, []string{"ada/6/1", "ada/6/2"}, ids(events[len(events)-2:]), "the present")
	require.Less(t, len(events), 11, "something was missed, or this test shows nothing")
	c.stop()
	again := carry(t, s, nil, routes...)
	require.Eventually(t, func() bool { return again.metric(t, "hotseat_relay_lost_timestamp_seconds", "book") > 0 }, soon, time.Millisecond,
		"the alarm survives a restart")
}

func TestAnEventSaysWhatHappenedAsTheContractWritesIt(t *testing.T) {
	e := relay.Encode("https://hub.example", session.Event{
		Type: session.Terminated, Employee: "ada", Epoch: 8, N: 1, At: 1_750_000_000_000, Reason: session.ReasonNewLogin,
		By: session.By{Terminal: "till-2", Device: "Chrome on Linux"}, Actor: "pos",
		Session: session.Session{
			ID: session.ID{1}, Terminal: "till-1", Device: "Firefox", Epoch: 7, CreatedAt: 1_740_000_000_000, ExpiresAt: 1_760_000_000_000,
			IP: "192.0.2.7", UserAgent: "Mozilla", ExternalID: "sid-1",
		},
	})
	require.Equal(t, "ada/8/1", e.ID)
	require.JSONEq(t, `{"specversion":"1.0","id":"ada/8/1","source":"https://hub.example","type":"hotseat.session.terminated.v1","subject":"ada",
		"time":"2025-06-15T15:06:40.000Z","datacontenttype":"application/json","partitionkey":"ada","data":{
		"session":{"session_id":"01000000-0000-0000-0000-000000000000","employee_id":"ada","terminal_id":"till-1","device_name":"Firefox","epoch":7,
			"created_at":"2025-02-19T21:20:00.000Z","expires_at":"2025-10-09T08:53:20.000Z","ip":"192.0.2.7","user_agent":"Mozilla","external_id":"sid-1"},
		"reason":"new_login","by":{"terminal_id":"till-2","device_name":"Chrome on Linux"},"actor":"pos","epoch":8,"at":"2025-06-15T15:06:40.000Z"}}`,
		string(e.Structured()))
	locked := relay.Encode("x", session.Event{Type: session.EmployeeLocked, Employee: "ada", Epoch: 9, N: 1, Reason: session.ReasonLocked, Actor: "ops"})
	require.JSONEq(t, `{"session":null,"reason":"locked","by":null,"actor":"ops","epoch":9,"at":"1970-01-01T00:00:00.000Z"}`, string(locked.Data))
	started := relay.Encode("x", session.Event{Type: session.Started, Employee: "ada", Epoch: 9, N: 1, Session: session.Session{ID: session.ID{1}}})
	var data relay.Data
	require.NoError(t, json.Unmarshal(started.Data, &data))
	require.Nil(t, data.Reason)
	require.Nil(t, data.By)
	employee, epoch, n, err := relay.ParseID(e.ID)
	require.NoError(t, err)
	require.Equal(t, e.ID, relay.IDOf(&session.Event{Employee: employee, Epoch: epoch, N: n}))
	for _, bad := range []string{"", "ada", "ada/1", "ada/x/1", "ada/1/x", "a da/1/1", "ada/1/1/1"} {
		_, _, _, err := relay.ParseID(bad)
		require.Error(t, err, bad)
	}
}

func TestAReceiverGetsTheTypesThatItAskedFor(t *testing.T) {
	s := openEmbedded(t, store.Options{})
	book := &notebook{}
	carry(t, s, nil, relay.Route{Name: "book", FromStart: true, Sink: relay.Only(book, []string{session.Terminated.String()})})
	logins(t, s, seats("ada"), 3)
	require.Equal(t, []string{"ada/2/1", "ada/3/1"}, ids(book.waitFor(t, 2)))
}

func TestLinesAreStructuredCloudEvents(t *testing.T) {
	var b bytes.Buffer
	events := []relay.Event{
		relay.Encode("x", session.Event{Type: session.Started, Employee: "ada", Epoch: 1, N: 1}),
		relay.Encode("x", session.Event{Type: session.Expired, Employee: "ada", Epoch: 2, N: 1}),
	}
	require.NoError(t, relay.Lines{W: &b}.Deliver(t.Context(), events, nil))
	require.Equal(t, string(events[0].Structured())+"\n"+string(events[1].Structured())+"\n", b.String())
}
