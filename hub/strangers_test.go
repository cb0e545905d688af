package hub

import (
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStrangersAreCountedByAddressAndNetworkAndForgotten(t *testing.T) {
	var gone []string
	s := newStrangers(2, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, func() {})
	enter := func(from, name string) *stranger {
		return s.enter(netip.MustParseAddr(from), func() { gone = append(gone, name) })
	}
	first := enter("2001:db8:1:2::1", "a")
	second := enter("2001:db8:1:2:ffff::9%eth0", "b")
	other := enter("2001:db8:1:3::1", "another network")
	v4 := enter("::ffff:192.0.2.1", "v4")
	require.Nil(t, enter("10.1.2.3", "proxy"))
	require.Nil(t, enter("::ffff:10.1.2.3", "proxy"))
	require.Empty(t, gone)
	first.leave()
	first.leave()
	third := enter("2001:db8:1:2::3", "c")
	require.Empty(t, gone)
	fourth := enter("2001:db8:1:2::4", "d")
	require.Equal(t, []string{"b"}, gone, "the oldest")
	second.leave() // it may have spoken at that moment
	for _, one := range []*stranger{other, v4, third, fourth} {
		one.leave()
	}
	require.Empty(t, s.at)
}

func TestAConnectionOfNetHTTPIsCountedOnceHoweverItsStatesFollow(t *testing.T) {
	h := &Hub{strangers: newStrangers(1, nil, func() {})}
	loopback := &addressed{remote: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}}
	for _, state := range []http.ConnState{http.StateNew, http.StateActive, http.StateIdle, http.StateIdle, http.StateActive, http.StateActive, http.StateIdle} {
		h.ConnState(loopback, state)
	}
	require.Len(t, h.strangers.at, 1)
	require.False(t, loopback.closed, "it is not its own crowd")
	h.ConnState(loopback, http.StateClosed)
	require.Empty(t, h.strangers.at)
	require.Empty(t, h.strangers.web)
}

// A client that resets its connection before net/http has it leaves one that knows no address.
func TestAConnectionWhosePeerHasHungUpCountsForNobody(t *testing.T) {
	h := &Hub{strangers: newStrangers(1, nil, func() {})}
	for _, state := range []http.ConnState{http.StateNew, http.StateActive, http.StateIdle, http.StateClosed} {
		h.ConnState(&addressed{}, state)
	}
	require.Empty(t, h.strangers.at)
	require.Empty(t, h.strangers.web)
}

// addressed is a connection of which only the address and Close matter.
type addressed struct {
	net.Conn
	remote net.Addr
	closed bool
}

func (a *addressed) RemoteAddr() net.Addr { return a.remote }

func (a *addressed) Close() error {
	a.closed = true
	return nil
}
