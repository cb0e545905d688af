package hubtest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// OneAddressHoldsNoMoreThanItsShareOfHalfOpenConnections keeps connections open that say nothing, or not enough.
func (s suite) OneAddressHoldsNoMoreThanItsShareOfHalfOpenConnections(t *testing.T) {
	for _, said := range []string{"", "P", "GET /ws/session/", "POST /v1/login HTTP/1.1\r\nHost: hub.example\r\nX-Slow:"} {
		server := Start(t, s.listen, hub.Options{MaxStrangers: 3})
		if server.TLS != nil && said != "" {
			said = "\x16\x03\x01\x02" // a record that goes on
		}
		elsewhere := server.silent(t, "127.0.0.2", said)
		var here []net.Conn
		for range 10 {
			here = append(here, server.silent(t, "127.0.0.1", said))
		}
		require.Len(t, stillOpen(t, here, 3), 3, "%q", said)
		require.True(t, isOpen(elsewhere), "%q: another address pays for nobody", said)
		// Who speaks gets through, however many beside it do not.
		token, _ := server.Floor.Login("ada", "till-1")
		server.seated(t, "till-1", token)
	}
}

// ATrustedProxyHoldsAsManyHalfOpenConnectionsAsItBrings stands for everybody behind it.
func (s suite) ATrustedProxyHoldsAsManyHalfOpenConnectionsAsItBrings(t *testing.T) {
	server := Start(t, s.listen, hub.Options{MaxStrangers: 3, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	var all []net.Conn
	for range 10 {
		all = append(all, server.silent(t, "127.0.0.1", "P"))
	}
	token, _ := server.Floor.Login("ada", "till-1")
	server.seated(t, "till-1", token) // it came last, so they are all there
	for _, nc := range all {
		require.True(t, isOpen(nc))
	}
}

// ConnectionsThatWaitForTheNextRequestAreCountedToo keeps answered connections open.
func (s suite) ConnectionsThatWaitForTheNextRequestAreCountedToo(t *testing.T) {
	server := Start(t, s.listen, hub.Options{MaxStrangers: 3})
	var all []net.Conn
	for range 10 {
		c := server.say(t, "GET /ws/session/ HTTP/1.1\r\nHost: hub.example\r\n\r\n")
		require.Equal(t, http.StatusUpgradeRequired, c.resp.StatusCode)
		_, err := io.Copy(io.Discard, c.resp.Body)
		require.NoError(t, err)
		all = append(all, c.net)
	}
	require.Len(t, stillOpen(t, all, 3), 3)
}

// SocketsOfOneAddressWithoutATokenMakeRoomTheOldestFirst fills the address's share with sockets.
func (s suite) SocketsOfOneAddressWithoutATokenMakeRoomTheOldestFirst(t *testing.T) {
	server := Start(t, s.listen, hub.Options{MaxStrangers: 2})
	token, _ := server.Floor.Login("ada", "till-1")
	for range 5 {
		server.seated(t, "till-1", token) // who has shown its token is no stranger
	}
	first, second := server.connect(t, "till-1"), server.connect(t, "till-1")
	third := server.connect(t, "till-1")
	require.Equal(t, "rate_limited", first.expect("error")["code"])
	first.expectClose(4029)
	for _, c := range []*raw{second, third} {
		c.write(text(`{"type":"authenticate","token":"` + token + `"}`))
		c.expect("session_established")
	}
}

// silent opens a connection from an address of loopback that says only this, without TLS.
func (s *Server) silent(t *testing.T, from, said string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	nc, err := d.DialContext(t.Context(), "tcp", s.Addr)
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close() })
	_, err = io.WriteString(nc, said)
	require.NoError(t, err)
	return nc
}

// stillOpen waits until no more than so many are open, and returns them.
func stillOpen(t *testing.T, all []net.Conn, most int) (open []net.Conn) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; waitABit(t) {
		open = nil
		for _, nc := range all {
			if isOpen(nc) {
				open = append(open, nc)
			}
		}
		if len(open) <= most || time.Now().After(deadline) {
			return open
		}
	}
}

// isOpen reports whether the server has closed a connection on which it has nothing to say.
func isOpen(nc net.Conn) bool {
	nc.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := nc.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}
