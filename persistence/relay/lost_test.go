package relay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

// elsewhere is a place in the log of another server, as after a dump was restored there.
func elsewhere(at store.LogPosition) store.LogPosition {
	fields := strings.Split(string(at), " ")
	if len(fields) == 1 {
		return "99999"
	}
	fields[1] = "1"
	return store.LogPosition(strings.Join(fields, " "))
}

// A receiver whose place is gone is lost, which is an alarm, whether events are brought to it or it fetches
// them itself, and though it may never come to fetch them.
func TestWhoeverLostItsPlaceIsAnAlarmAndGoesOnFromThePresent(t *testing.T) {
	onEachStore(t, func(t *testing.T, s store.Store) {
		people, book := seats("ada"), &notebook{}
		logins(t, s, people, 3)
		end, err := s.LogEnd(t.Context())
		require.NoError(t, err)
		for _, name := range []string{"book", "soc"} {
			require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+name, elsewhere(end)))
		}
		routes := []relay.Route{{Name: "book", Sink: book}, {Name: "soc", Watched: true}, {Name: "well", Watched: true}}
		require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"well", end))
		c := carry(t, s, nil, routes...)
		lost := func(c *carrying, sink string) float64 {
			return c.metric(t, "hotseat_relay_lost_timestamp_seconds", sink)
		}
		require.Eventually(t, func() bool { return lost(c, "book") > 0 && lost(c, "soc") > 0 }, soon, time.Millisecond)
		require.Zero(t, lost(c, "well"))

		logins(t, s, people, 1)
		require.Equal(t, []string{"ada/4/1", "ada/4/2"}, ids(book.waitFor(t, 2)))
		at, err := s.Mark(t.Context(), store.HoldPrefix+"soc")
		require.NoError(t, err)
		page, err := s.ReadLog(t.Context(), at, 10)
		require.NoError(t, err)
		require.Len(t, page.Events, 2)
		c.stop()
		again := carry(t, s, nil, routes...)
		require.Eventually(t, func() bool { return lost(again, "soc") > 0 }, soon, time.Millisecond, "the alarm survives a restart")
	})
}
