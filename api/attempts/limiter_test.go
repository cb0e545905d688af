package attempts

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// clock is set by hand.
type clock struct{ now time.Time }

func newLimiter(known Known) (*Limiter, *clock) {
	c := &clock{time.Unix(1_000_000, 0)}
	l := New(known)
	l.now = func() time.Time { return c.now }
	return l, c
}

func (l *Limiter) wait(key string, from string) time.Duration {
	return l.Wait(context.Background(), session.Key(key), netip.MustParseAddr(from))
}

func (l *Limiter) fail(n int, key string, from string) {
	for range n {
		l.Failed(session.Key(key), netip.MustParseAddr(from))
	}
}

func TestTenFailuresFromOneAddressAreEnoughInTenMinutes(t *testing.T) {
	l, c := newLimiter(nil)
	for i := range 10 {
		require.Zero(t, l.wait("ada", "192.0.2.1"), "failure %d", i)
		l.fail(1, "ada", "192.0.2.1")
		c.now = c.now.Add(time.Minute)
	}
	// The first was ten minutes ago: one more may be tried.
	require.Zero(t, l.wait("ada", "192.0.2.1"))
	l.fail(1, "ada", "192.0.2.1")
	require.Equal(t, time.Minute, l.wait("ada", "192.0.2.1"), "in any ten minutes, not only in those by the clock")
	require.Zero(t, l.wait("ada", "192.0.2.2"), "elsewhere she may log in")
	require.Zero(t, l.wait("bea", "192.0.2.1"), "and others here")
	c.now = c.now.Add(time.Minute)
	require.Zero(t, l.wait("ada", "192.0.2.1"))
}

func TestAHundredFailuresOfAnybodyAreEnoughForOneAddress(t *testing.T) {
	l, c := newLimiter(nil)
	for i := range 100 {
		require.Zero(t, l.wait("ada", "192.0.2.1"))
		l.fail(1, fmt.Sprint("e", i), "192.0.2.1")
	}
	require.Equal(t, Window, l.wait("ada", "192.0.2.1"))
	require.Zero(t, l.wait("ada", "192.0.2.2"))
	c.now = c.now.Add(Window)
	require.Zero(t, l.wait("ada", "192.0.2.1"))
	require.Empty(t, l.pairs)
	require.Empty(t, l.places)
	require.Zero(t, l.count)
}

func TestAnIPv6AddressStandsForItsNetwork(t *testing.T) {
	l, _ := newLimiter(nil)
	l.fail(5, "ada", "2001:db8:1:2::1")
	l.fail(5, "ada", "2001:db8:1:2:ffff::2%eth0")
	require.Positive(t, l.wait("ada", "2001:db8:1:2:3:4:5:6"))
	require.Zero(t, l.wait("ada", "2001:db8:1:3::1"))
	l.fail(10, "ada", "::ffff:192.0.2.1")
	require.Positive(t, l.wait("ada", "192.0.2.1"))
	require.Zero(t, l.wait("ada", "192.0.2.2"), "an IPv4 address is its own")
}

type knows map[session.Key]string

func (k knows) Known(_ context.Context, key session.Key, from netip.Addr) bool {
	return k[key] == from.String()
}

func (k knows) Note(key session.Key, from netip.Addr) { k[key] = from.String() }

func TestWhoHasLoggedInAtAnAddressKeepsAnOwnBudgetThere(t *testing.T) {
	l, _ := newLimiter(knows{})
	l.Passed("ada", netip.MustParseAddr("192.0.2.1"))
	for i := range 100 {
		l.fail(1, fmt.Sprint("e", i), "192.0.2.1")
	}
	require.Zero(t, l.wait("ada", "192.0.2.1"))
	require.Positive(t, l.wait("bea", "192.0.2.1"))
	l.fail(10, "ada", "192.0.2.1")
	require.Positive(t, l.wait("ada", "192.0.2.1"), "the own budget has an end too")
}

func TestTheMemoryOfFailuresIsBounded(t *testing.T) {
	l, _ := newLimiter(nil)
	l.fail(10, "ada", "192.0.2.1")
	for i := range remembered + 1000 {
		l.Failed(session.Key(fmt.Sprint("e", i)), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	require.LessOrEqual(t, len(l.past), remembered)
	require.LessOrEqual(t, len(l.pairs), remembered)
	require.LessOrEqual(t, len(l.places), remembered)
	require.Zero(t, l.wait("ada", "192.0.2.1"), "the oldest are forgotten first")
}
