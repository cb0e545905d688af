package api

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// sitting tells of every reader who has its seat. The hub knows them a moment earlier, and a drain in that
// moment refuses them.
type sitting struct {
	Subscriptions
	seated chan struct{}
}

func (s sitting) Subscribe(ctx context.Context, seat hub.Seat, via hub.Transport) (*hub.Subscriber, error) {
	reader, err := s.Subscriptions.Subscribe(ctx, seat, via)
	if err == nil {
		s.seated <- struct{}{}
	}
	return reader, err
}

func TestADrainEndsStreamsAndPollsAndTakesNoNewOnes(t *testing.T) {
	seated := make(chan struct{}, 2)
	b := start(t, func(o *Options) { o.PollWait, o.Subscriptions = 20*time.Second, sitting{o.Subscriptions, seated} })
	b.hire("ada")
	g := b.login("till-1")
	s := b.open(g.AccessToken, "")
	s.next("session_established")
	poll := b.later(request{path: "/v1/session/poll?after=0", bearer: g.AccessToken})
	<-seated
	<-seated
	require.NoError(t, b.hub.Drain(t.Context(), time.Millisecond))
	require.Contains(t, s.next("server_draining"), "reconnect_after_ms")
	s.ends()
	drained := (<-poll).is(200)
	require.Equal(t, "server_draining", drained["messages"].([]any)[0].(map[string]any)["type"])
	require.Equal(t, 0.0, drained["seq"])
	b.get("/v1/session/events", g.AccessToken).problem(503, "overloaded")
	b.get("/v1/session/poll", g.AccessToken).problem(503, "overloaded")
}
