package hubtest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// Each is told when to come back, which is when it is closed: not before, and not all at once.
func (s suite) ADrainSendsEverySocketElsewhere(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	var tabs []*raw
	for range 5 {
		tabs = append(tabs, server.seated(t, "till-1", token))
	}
	began, drained := time.Now(), make(chan error)
	go func() { drained <- server.Hub.Drain(context.Background(), 120*time.Millisecond) }()
	times := map[time.Duration]*raw{}
	for _, tab := range tabs {
		ms := tab.expect("server_draining")["reconnect_after_ms"].(float64)
		require.LessOrEqual(t, ms, 100.0)
		times[time.Duration(ms)*time.Millisecond] = tab
	}
	require.Len(t, times, len(tabs), "all would come back at once: %v", times)
	for after := 20 * time.Millisecond; after <= 100*time.Millisecond; after += 20 * time.Millisecond {
		require.Contains(t, times, after)
		times[after].expectClose(1012)
		require.GreaterOrEqual(t, time.Since(began), after, "closed before its time")
	}
	require.NoError(t, <-drained)
	require.Zero(t, server.Hub.Count())
	server.expectDrained(server.say(t, handshake("/ws/session/till-1/")))
}

// expectDrained expects the answer of a node that takes no further sockets.
func (s *Server) expectDrained(c *raw) {
	c.t.Helper()
	require.Equal(c.t, http.StatusServiceUnavailable, c.resp.StatusCode)
	require.NotEmpty(c.t, c.resp.Header.Get("Retry-After"))
	require.Zero(c.t, s.Hub.Count())
}

func (s suite) ADrainThatIsCutShortClosesTheRest(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	tabs := []*raw{server.seated(t, "till-1", token), server.seated(t, "till-1", token)}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, server.Hub.Drain(ctx, time.Hour))
	for _, tab := range tabs {
		tab.expect("server_draining")
		tab.expectClose(1001)
	}
}

// Nobody would close the socket any more.
func (s suite) AnUpgradeThatTheGateGrantsOnlyAfterADrainIsRefused(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	asked, granted := make(chan struct{}), make(chan struct{})
	server.Floor.Judging = func() { close(asked); <-granted }
	drained := make(chan error)
	go func() {
		<-asked
		err := server.Hub.Drain(context.Background(), time.Hour)
		close(granted)
		drained <- err
	}()
	c := server.say(t, handshake("/ws/session/till-1/", "Authorization", "Bearer "+token))
	require.NoError(t, <-drained)
	server.expectDrained(c)
}
