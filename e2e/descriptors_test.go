package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The program with few descriptors: the crowd's last do not get in, those who are in stay and are told
// of takeovers, the probes and the metric say why, and when some leave the others get in.
func TestANodeOutOfDescriptorsServesThoseWhoAreIn(t *testing.T) {
	s := &server{t: t, store: embedded(t), listen: restartablePort(t), wrap: []string{"prlimit", "--nofile=160:160"}}
	s.Start()
	c := newCoder(t)
	ada := s.mustLogin("ada", "till-1")
	tab := c.open(s, ada).established(t)
	waits, crowd := s.crowdIn()
	require.Greater(t, len(crowd), 60)

	tight := s.probe("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, tight.status)
	require.Contains(t, string(tight.body), "no descriptors are left")
	require.NotContains(t, string(s.probe("/metrics").body), "hotseat_accept_paused 0")
	require.Equal(t, http.StatusServiceUnavailable, s.send("GET", "/readyz", "", nil).status)
	require.Equal(t, http.StatusOK, s.probe("/healthz").status)

	s.mustLogin("ada", "till-2") // on a connection that was kept
	require.Equal(t, "new_login", tab.toldAndClosed(t).Reason)

	for _, nc := range crowd[:len(crowd)/2] {
		nc.Close()
	}
	require.NoError(t, waits.SetReadDeadline(time.Now().Add(patience)))
	line, err := bufio.NewReader(waits).ReadString('\n')
	require.NoError(t, err, "who waited was never let in")
	require.Contains(t, line, " 101 ")
	require.Eventually(t, s.ready, patience, 10*time.Millisecond)
	require.Contains(t, string(s.probe("/metrics").body), "hotseat_accept_paused 0")
}

// crowdIn opens sockets of different employees until one is not let in: the node says that it lets nobody
// in any more, and this one has had no answer.
func (s *server) crowdIn() (waits net.Conn, in []net.Conn) {
	var logins []login
	for n := range 160 {
		logins = append(logins, s.mustLogin(fmt.Sprintf("crowd-%d", n), "till-1"))
	}
	for _, l := range logins {
		nc, err := net.Dial("tcp", s.listen)
		require.NoError(s.t, err)
		s.t.Cleanup(func() { nc.Close() })
		fmt.Fprintf(nc, "GET /ws/session/till-1/ HTTP/1.1\r\nHost: hotseat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", l.AccessToken)
		if !s.answered(nc) {
			return nc, in
		}
		in = append(in, nc)
	}
	require.Fail(s.t, "more sockets than descriptors")
	return nil, nil
}

// answered reports whether a handshake was answered, with 101, before the node said that it lets nobody in.
func (s *server) answered(nc net.Conn) bool {
	s.t.Helper()
	line, reader := "", bufio.NewReader(nc)
	for late := time.Now().Add(patience); time.Now().Before(late); {
		paused := !strings.Contains(string(s.probe("/metrics").body), "hotseat_accept_paused 0")
		require.NoError(s.t, nc.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		part, err := reader.ReadString('\n')
		if line += part; err == nil {
			require.Contains(s.t, line, " 101 ")
			return true
		}
		require.ErrorIs(s.t, err, os.ErrDeadlineExceeded)
		if paused && line == "" {
			return false
		}
	}
	require.Fail(s.t, "neither let in nor told to wait")
	return false
}
