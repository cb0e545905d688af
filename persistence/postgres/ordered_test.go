package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

// By identity alone, or by the order in which rows become visible, the late commit would be lost.
func TestTheOrderedLogWaitsForATransactionThatMayStillCommitBeforeIt(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	subject, seat := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada")
	subject.Login(seat)
	before, at := subject.ReadOn("", 10)
	require.Len(t, before, 1)

	late := connect(t, url)
	late.must(`INSERT INTO log_writers VALUES ('other/0/1', pg_backend_pid(), now())`)
	late.must("BEGIN")
	row := session.AppendEvents(nil, []session.Event{{Type: session.Ended, Employee: "late", Epoch: 7, N: 1}})
	late.must(`INSERT INTO log VALUES ('other/0/1', 1, pg_current_xact_id(), now(), $1)`, row)
	subject.Login(seat)
	for range 2 {
		page := subject.ReadPage(at, 10)
		require.Empty(t, page.Events)
		require.False(t, page.More)
		require.EqualValues(t, 1, page.Waiting)
		require.InDelta(t, int64(subject.Time()), int64(page.Oldest), 60_000)
		at = page.Next
	}
	horizon, err := s.LogHorizon(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.HorizonForeign, horizon.Kind)
	require.Contains(t, horizon.Blocker, late.text("pg_backend_pid()"))
	require.Positive(t, horizon.Age)

	late.must("COMMIT")
	events, _ := subject.ReadOn(at, 10)
	require.Equal(t, []string{
		"late/7/1 hotseat.session.ended.v1", "ada/2/1 hotseat.session.terminated.v1", "ada/2/2 hotseat.session.started.v1",
	}, storetest.Names(events))
}

// Whatever is in the way is seen and named, also in another database, also without a session.
func TestTheHorizonNamesWhoHoldsItBack(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	s, elsewhere := open(t, server.URL(t), store.Options{}), connect(t, server.URL(t))
	free, err := s.LogHorizon(t.Context())
	require.NoError(t, err)
	require.Zero(t, free)
	elsewhere.must("BEGIN")
	elsewhere.must("SELECT pg_current_xact_id()")
	(storetest.Subject{Store: s, T: t}).Login(storetest.NewSeat("ada"))
	held, err := s.LogHorizon(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.HorizonForeign, held.Kind)
	require.Contains(t, held.Blocker, elsewhere.text("current_database()"))
	elsewhere.must("ROLLBACK")
	free, err = s.LogHorizon(t.Context())
	require.NoError(t, err)
	require.Zero(t, free)
}

// A reader that was away for an hour finds the commits of writers that came and went meanwhile.
func TestWritersThatCameAndWentWhileNobodyReadAreFound(t *testing.T) {
	url := pgtest.URL(t)
	s, admin := open(t, url, store.Options{}), connect(t, url)
	subject, seat := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada")
	subject.Login(seat)
	_, at := subject.ReadOn("", 10)
	other, err := openOnce(t, url).Load(t.Context(), []session.Key{"ada"})
	require.NoError(t, err)
	require.Equal(t, seat.State.Employee, other[0])
	brief := open(t, url, store.Options{Boot: "brief"})
	(storetest.Subject{Store: brief, T: t}).Login(seat)
	require.NoError(t, brief.Close())
	admin.must(`DELETE FROM log_writers WHERE writer LIKE 'brief%'`)

	events, end := subject.ReadOn(anHourAgo(at), 10)
	require.Equal(t, []string{"ada/2/1 hotseat.session.terminated.v1", "ada/2/2 hotseat.session.started.v1"}, storetest.Names(events))
	require.NotContains(t, end, "brief", "and are forgotten again")
	again, _ := subject.ReadOn(anHourAgo(end), 10)
	require.Empty(t, again, "what was read is known by its transaction id")
}

func openOnce(t *testing.T, url string) store.Store { return open(t, url, store.Options{}) }

// anHourAgo makes a position look as if it was reached then.
func anHourAgo(at store.LogPosition) store.LogPosition {
	fields := strings.Split(string(at), " ")
	var micros int64
	_, _ = fmt.Sscan(fields[4], &micros)
	fields[4] = fmt.Sprint(time.UnixMicro(micros).Add(-time.Hour).UnixMicro())
	return store.LogPosition(strings.Join(fields, " "))
}

// Transaction ids of another server, as after a dump and restore, mean nothing here; those of another
// timeline may be given out twice, so that a repeat is better than a gap.
func TestAPositionOfAnotherHistoryIsRefusedOrRepeats(t *testing.T) {
	url := pgtest.URL(t)
	s, admin := open(t, url, store.Options{}), connect(t, url)
	subject, seat := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada")
	subject.Login(seat)
	_, at := subject.ReadOn("", 10)
	fields := strings.Split(string(at), " ")
	require.Equal(t, admin.text("SELECT system_identifier FROM pg_control_system()"), fields[1])

	fields[1] = "1"
	_, err := s.ReadLog(t.Context(), store.LogPosition(strings.Join(fields, " ")), 10)
	require.ErrorIs(t, err, store.ErrPositionLost)

	fields = strings.Split(string(at), " ")
	fields[2], fields[3] = "000000AA", "99999999999"
	subject.Login(seat)
	other := open(t, url, store.Options{Boot: "promoted"})
	(storetest.Subject{Store: other, T: t}).Login(seat)
	events, _ := subject.ReadOn(store.LogPosition(strings.Join(fields, " ")), 10)
	require.Equal(t, []string{
		"ada/2/1 hotseat.session.terminated.v1", "ada/2/2 hotseat.session.started.v1",
		"ada/3/1 hotseat.session.terminated.v1", "ada/3/2 hotseat.session.started.v1",
	}, storetest.Names(events))
}

// A sink that is away keeps its partitions up to the longest retention, and is told when they go.
func TestPartitionsWaitForAMarkUpToTheLongestRetention(t *testing.T) {
	url := pgtest.URL(t)
	s, admin := open(t, url, store.Options{Retention: time.Hour, RetentionMax: 20 * 24 * time.Hour}), connect(t, url)
	subject := storetest.Subject{Store: s, T: t}
	_, at := subject.ReadOn("", 10)
	day := func(daysAgo int) string { return time.Now().UTC().AddDate(0, 0, -daysAgo).Format("20060102") }
	make := func(daysAgo int) {
		admin.must(fmt.Sprintf(`CREATE TABLE log_%s PARTITION OF log FOR VALUES FROM ('%sZ') TO ('%sZ')`, day(daysAgo), day(daysAgo), day(daysAgo-1)))
	}
	there := func(daysAgo int) bool { return admin.text(`SELECT to_regclass('log_`+day(daysAgo)+`')`) != "" }
	make(30)
	make(15)
	make(9)
	reached := func(daysAgo int) store.LogPosition {
		fields := strings.Split(string(at), " ")
		fields[4] = fmt.Sprint(time.Now().AddDate(0, 0, -daysAgo).UnixMicro())
		return store.LogPosition(strings.Join(fields, " "))
	}
	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"slow", reached(12)))
	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"fast", reached(0)))
	require.NoError(t, s.SetMark(t.Context(), "sweep", "whatever another reader writes"))
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, []bool{false, false, true}, []bool{there(30), there(15), there(9)})
	_, err := s.ReadLog(t.Context(), reached(12), 10)
	require.ErrorIs(t, err, store.ErrPositionLost, "its oldest day is gone")
	_, err = s.ReadLog(t.Context(), reached(8), 10)
	require.NoError(t, err)

	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"slow", reached(60)))
	make(30)
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, []bool{false, true}, []bool{there(30), there(9)}, "past the longest retention nothing is kept")
	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"slow", reached(0)))
	require.NoError(t, s.Maintain(t.Context()))
	require.False(t, there(9))
}
