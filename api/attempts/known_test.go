package attempts

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

type rows map[session.Key]session.Employee

func (r rows) Load(_ context.Context, key session.Key) (session.Employee, error) {
	if key == "away" {
		return session.Employee{}, session.ErrUnavailable
	}
	return r[key], nil
}

func TestABookKnowsWhereEmployeesHaveLoggedInAndSit(t *testing.T) {
	c := &clock{time.Unix(1_000_000, 0)}
	b := NewBook(rows{"bea": {Active: []session.Session{{IP: "2001:db8:1:2::1"}, {IP: "not an address"}}}})
	b.now, b.since = func() time.Time { return c.now }, c.now
	known := func(key session.Key, from string) bool {
		return b.Known(context.Background(), key, netip.MustParseAddr(from))
	}
	b.Note("ada", netip.MustParseAddr("192.0.2.1"))
	require.True(t, known("ada", "192.0.2.1"))
	require.True(t, known("ada", "::ffff:192.0.2.1"))
	require.False(t, known("ada", "192.0.2.2"))
	require.False(t, known("eve", "192.0.2.1"))
	require.True(t, known("bea", "2001:db8:1:2:9::9"), "who sits there now, in the same network")
	require.False(t, known("away", "192.0.2.1"))

	c.now = c.now.Add(15 * 24 * time.Hour)
	require.True(t, known("ada", "192.0.2.1"))
	c.now = c.now.Add(16 * 24 * time.Hour)
	require.False(t, known("ada", "192.0.2.1"), "not for more than 30 days")
	b.Note("ada", netip.MustParseAddr("192.0.2.1"))
	c.now = c.now.Add(1000 * 24 * time.Hour)
	require.False(t, known("ada", "192.0.2.1"))
}

func TestTheMemoryOfABookIsBounded(t *testing.T) {
	b := NewBook(rows{})
	for i := range logins + 10 {
		b.Note("ada", netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	require.LessOrEqual(t, len(b.young), logins)
	require.True(t, b.Known(context.Background(), "ada", netip.MustParseAddr("10.0.0.1")), "the old generation is asked too")
}
