package hubtest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/session"
)

// The owner said yes, then ended the session; its notice overtakes the yes.
func (s suite) ATerminationWhileTheOwnerAnswersIsTheOnlyThingSaid(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	decided, release := make(chan struct{}), make(chan struct{})
	server.Floor.BeforeReply = func() { close(decided); <-release }
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	<-decided
	_, reply := server.Floor.Login("ada", "till-2")
	close(release)
	require.Equal(t, session.Sent, stageOf(t.Context(), reply.Deliveries[0], session.Sent))
	c.expect("session_terminated")
	c.write(text(`{"type":"ack","seq":1}`))
	c.expectClose(4510)
}

// The owner said yes and died after it ended the session: nobody sends a notice, but the tail has
// brought the ending when the yes arrives.
func (s suite) ATerminationThatOnlyTheTailBringsWinsOverTheOwnersYes(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Lose = true
	decided, release := make(chan struct{}), make(chan struct{})
	server.Floor.BeforeReply = func() { close(decided); <-release }
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	<-decided
	server.Floor.Login("ada", "till-2")
	endings, _ := server.Floor.Next(t.Context())
	server.Floor.View.Add(endings) // and the tail has not looked for sockets yet
	close(release)
	c.expect("session_terminated")
	c.expectClose(4510)
}

// The order of an attach, asked of the hub itself: whoever ends the session after the view was asked
// must find the socket.
func (s suite) ASocketIsInTheIndexBeforeTheViewIsAsked(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	var looks, missing atomic.Int32
	server.Floor.Looking = func(id session.ID) {
		looks.Add(1)
		if len(server.Hub.SocketsOf(id)) == 0 {
			missing.Add(1)
		}
	}
	server.seated(t, "till-1", token)
	require.Positive(t, looks.Load())
	require.Zero(t, missing.Load())
}

// Direct notices are lost throughout: index before view on one side and view before index on the
// other are all that keeps a socket from staying unaware.
func (s suite) NobodyStaysConnectedAndUnaware(t *testing.T) {
	server := Start(t, s.listen, hub.Options{FrameBurst: 1000})
	server.Floor.Lose = true
	stop := server.tail(t)
	defer stop()
	var sockets sync.WaitGroup
	for round := range 60 {
		employee := session.EmployeeID(fmt.Sprint("e", round))
		token, _ := server.Floor.Login(employee, "till-1")
		started := make(chan struct{})
		sockets.Go(func() {
			close(started)
			c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
			established := 0
			for f := c.frame(); f.Header.OpCode == ws.OpText; f = c.frame() {
				if established++; established > 2 {
					t.Errorf("employee %s: more than established and terminated was said: %s", employee, f.Payload)
				}
			}
			c.net.Close()
		})
		<-started
		server.Floor.Login(employee, "till-2")
	}
	sockets.Wait() // each has got its close frame
}

// tail runs the enforcement tail over the floor's log.
func (s *Server) tail(t *testing.T) (stop func()) {
	t.Helper()
	tail, err := enforce.NewTail(enforce.TailOptions{
		Source: s.Floor, View: s.Floor.View, Sockets: s.Hub, Every: time.Millisecond,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- tail.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}
