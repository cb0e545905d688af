package hubtest

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

func (s suite) ASocketThatLeavesIsDetachedFromItsOwner(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, reply := server.Floor.Login("ada", "till-1")
	leave := map[string]func(*raw){
		"by a close frame": func(c *raw) { c.write(masked(ws.OpClose, true, closing(1001, ""))) },
		"without a word":   func(c *raw) { c.net.Close() },
	}
	for name, by := range leave {
		t.Run(name, func(t *testing.T) {
			c := server.seated(t, "till-1", token)
			server.Floor.AwaitHandles(t, "ada", 1)
			by(c)
			server.Floor.AwaitHandles(t, "ada", 0)
			require.Empty(t, server.Hub.SocketsOf(reply.Session.ID))
		})
	}
}

// Its handle would otherwise hold a seat for ever.
func (s suite) ASocketThatLeavesWhileItsOwnerIsAskedIsDetachedToo(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, reply := server.Floor.Login("ada", "till-1")
	decided, release := make(chan struct{}), make(chan struct{})
	server.Floor.BeforeReply = func() { close(decided); <-release }
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	<-decided
	c.net.Close()
	for len(server.Hub.SocketsOf(reply.Session.ID)) > 0 {
		waitABit(t)
	}
	server.Floor.AwaitHandles(t, "ada", 1)
	close(release)
	server.Floor.AwaitHandles(t, "ada", 0)
}

func (s suite) ASocketTooManyClosesTheOldest(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	oldest := server.seated(t, "till-1", token)
	for range session.MaxSockets - 1 {
		server.seated(t, "till-1", token)
	}
	server.Floor.AwaitHandles(t, "ada", session.MaxSockets)
	newest := server.seated(t, "till-1", token)
	oldest.expectClose(4002)
	newest.write(text(`{"type":"ping"}`))
	newest.expect("pong")
}

// All sockets of a session hear of its end, and the login's reply counts the best of them.
func (s suite) EverySocketOfASessionIsTold(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	tabs := []*raw{server.seated(t, "till-1", token), server.seated(t, "till-1", token), server.seated(t, "till-1", token)}
	server.Floor.AwaitHandles(t, "ada", len(tabs))
	server.Floor.Login("ada", "till-2")
	for _, tab := range tabs {
		tab.expect("session_terminated")
		tab.expectClose(4510)
	}
}

func (s suite) ASilentSocketIsPinged(t *testing.T) {
	server := Start(t, s.listen, hub.Options{PingAfter: 50 * time.Millisecond, PingSpread: 50 * time.Millisecond})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	f, err := c.read()
	require.NoError(t, err)
	require.Equal(t, ws.OpPing, f.Header.OpCode)
}

// Run returns only when nothing of the hub runs any more, whoever is at the door at that moment.
func (s suite) SocketsThatArriveWhileTheHubStopsAreNotLeftOpen(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	request := handshake("/ws/session/till-1/", "Authorization", "Bearer "+token)
	var clients sync.WaitGroup
	first := make(chan struct{}, 64)
	for range 8 {
		clients.Go(func() {
			for range 8 {
				nc, err := server.tryDial(t)
				first <- struct{}{}
				if err != nil {
					continue // it listens no more
				}
				nc.SetDeadline(time.Now().Add(patience))
				io.WriteString(nc, request)
				if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("a socket was left open")
				}
			}
		})
	}
	for range 8 {
		<-first
	}
	server.Stop()
	clients.Wait()
}

func (s suite) ANodeThatWasMarkedDeadSendsItsSocketsAway(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	server.Hub.Leave()
	c.expectClose(4001)
}

// The 64 KiB of the queue come on top of what the kernels of both sides take.
func (s suite) ASlowReaderIsClosed(t *testing.T) {
	var refused counter
	server := Start(t, s.listen, hub.Options{Refused: &refused})
	token, reply := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	shrink(c.net)
	sent := 0
	for server.Hub.TestTermination("till-1", true) == 1 {
		sent++
		require.Less(t, sent, 100_000, "nothing bounds what a peer that does not read costs")
	}
	require.EqualValues(t, 1, refused.n.Load())
	late := session.NewDelivery(1)
	server.Hub.Tell(server.Hub.SocketsOf(reply.Session.ID)[0], session.Notice{Session: reply.Session.ID}, late, time.Now())
	require.Equal(t, session.Offline, stageOf(t.Context(), late, session.Sent))
	for f := c.frame(); ; f = c.frame() { // whole frames until the close, though the queue was full
		if f.Header.OpCode == ws.OpClose {
			require.Equal(t, closing(4002, "slow consumer"), string(f.Payload))
			break
		}
		sent--
	}
	require.InDelta(t, 0, sent, 1, "frames that were taken and then lost")
	c.expectEnd()
}

// Less than the queue's bound is waiting, so only time tells that this peer will never read.
func (s suite) APeerThatReadsNothingForTooLongIsDropped(t *testing.T) {
	server := Start(t, s.listen, hub.Options{WriteTimeout: 100 * time.Millisecond, WriteQueue: 1 << 30})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	shrink(c.net)
	for range 2000 { // more than both kernels take, and far less than the queue does
		server.Hub.TestTermination("till-1", true)
	}
	server.Floor.AwaitHandles(t, "ada", 0)
	_, err := io.Copy(io.Discard, c.in)
	_ = err // an end or a reset, as the kernel likes
}

// counter counts without a registry.
type counter struct {
	prometheus.Counter
	n atomic.Int64
}

func (c *counter) Inc() { c.n.Add(1) }

func waitABit(t *testing.T) {
	select {
	case <-t.Context().Done():
		t.FailNow()
	case <-time.After(time.Millisecond):
	}
}
