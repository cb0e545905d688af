package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A node that is told to stop is out of the proxies' sight first, and only then refuses sockets.
func TestADrainingNodeIsNotReadyAndStillServes(t *testing.T) {
	s := start(t, embedded(t), "--drain-delay", "3s", "--drain-duration", "10s")
	ada := s.mustLogin("ada", "till-1")
	c := newCoder(t)
	b := c.open(s, ada).established(t)
	all := []*tab{b}
	for n := range 3 { // a session may have 20 sockets; closed one in 50 ms, they take 3 s
		held := s.mustLogin(fmt.Sprintf("employee-%d", n), "till-1")
		for range 18 {
			all = append(all, c.open(s, held).established(t))
		}
	}

	require.NoError(t, s.process.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return s.probe("/readyz").status == http.StatusServiceUnavailable },
		patience, time.Millisecond)

	require.Equal(t, http.StatusServiceUnavailable, s.send("GET", "/readyz", "", nil).status, "to proxies as well")
	all = append(all, c.open(s, s.mustLogin("grace", "till-2")).established(t))
	b.await(t, "server_draining", func() bool { return slices.Contains(b.other, "server_draining") })
	late := s.send("GET", "/ws/session/till-1/", ada.AccessToken, nil, "Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-Websocket-Version", "13", "Sec-Websocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
	require.NoError(t, late.err)
	require.Equal(t, http.StatusServiceUnavailable, late.status)
	require.NotEmpty(t, late.header.Get("Retry-After"))
	for _, tab := range all {
		tab.await(t, "server_draining", func() bool { return slices.Contains(tab.other, "server_draining") })
		tab.await(t, "the close", func() bool { return len(tab.closes) > 0 && tab.closes[0] == 1012 })
	}
	select {
	case <-s.gone:
	case <-time.After(patience):
		require.Fail(t, "still running")
	}
	require.Equal(t, 0, s.process.ProcessState.ExitCode())
}

// Who is left when the time is over is not waited for; here that is everybody.
func TestADrainWhoseTimeIsOverClosesTheRestAndEndsInOrder(t *testing.T) {
	s := start(t, embedded(t), "--drain-duration", "0s")
	ada := s.mustLogin("ada", "till-1")
	var all []*tab
	for range 8 {
		all = append(all, newCoder(t).open(s, ada).established(t))
	}
	require.NoError(t, s.process.Process.Signal(syscall.SIGTERM))
	for _, tab := range all {
		tab.await(t, "the close", func() bool { return len(tab.closes) > 0 })
		_, _, closes := tab.state()
		require.Equal(t, []int{1001}, closes)
	}
	select {
	case <-s.gone:
	case <-time.After(patience):
		require.Fail(t, "still running")
	}
	require.Equal(t, 0, s.process.ProcessState.ExitCode())
	s.Start()
	require.Equal(t, http.StatusOK, s.strict(ada.AccessToken).status, "leaving is no logout")
}

// Somebody who asks twice does not want to wait, whatever the drain is waiting for.
func TestASecondSignalEndsADrainAtOnce(t *testing.T) {
	for name, args := range map[string][]string{
		"while proxies are given time": {"--drain-delay", "10m"},
		"while sockets are closed":     {"--drain-delay", "0s", "--drain-duration", "10m"},
	} {
		for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(name+", by "+second.String(), func(t *testing.T) {
				s := start(t, embedded(t), args...)
				c := newCoder(t)
				ada := s.mustLogin("ada", "till-1")
				var all []*tab
				for range 20 { // as many as a session may have, closed one in 50 ms: the drain has a second to go
					all = append(all, c.open(s, ada).established(t))
				}
				require.NoError(t, s.process.Process.Signal(syscall.SIGTERM))
				require.Eventually(t, func() bool { return s.probe("/readyz").status == http.StatusServiceUnavailable },
					patience, time.Millisecond)

				require.NoError(t, s.process.Process.Signal(second))
				select {
				case <-s.gone:
				case <-time.After(patience):
					require.Fail(t, "still running after a second signal")
				}

				// By the drain's own clock: a disk that is busy may hold a dead process for a second.
				require.Less(t, closedInOrder(all), len(all), "the drain went on to its end")
				status := s.process.ProcessState.Sys().(syscall.WaitStatus)
				require.True(t, status.Signaled(), "it did not end in order, and says so")
				require.Equal(t, second, status.Signal())
				s.Start()
				require.Equal(t, http.StatusOK, s.strict(ada.AccessToken).status, "what was answered is kept")
			})
		}
	}
}

// closedInOrder are the tabs that a drain has closed so far.
func closedInOrder(tabs []*tab) (n int) {
	for _, tab := range tabs {
		if _, _, closes := tab.state(); slices.Contains(closes, 1012) {
			n++
		}
	}
	return n
}
