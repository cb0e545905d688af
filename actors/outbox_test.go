package actors

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/actors/wire"
)

// stuck stands for the library while it is making a connection: who sends there waits.
type stuck struct {
	actor.Process
	arrived, release chan struct{}
}

func (s *stuck) SendUserMessage(*actor.PID, any) {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	<-s.release
}

// taken stands for a connection that works.
type taken struct {
	actor.Process
	names chan string
}

func (t *taken) SendUserMessage(pid *actor.PID, _ any) { t.names <- pid.Id }

func TestAConnectionThatIsBeingMadeKeepsNobodyWaiting(t *testing.T) {
	s := New(Options{Node: "a@1", Router: elsewhere{other}})
	waits, works := &stuck{arrived: make(chan struct{}, 1), release: make(chan struct{})}, &taken{names: make(chan string, 3)}
	s.actors.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) {
		if pid.Address == other.Address {
			return waits, true
		}
		return works, true
	})
	ctx, stop := context.WithCancel(t.Context())
	running := make(chan error, 1)
	go func() { running <- s.Run(ctx) }()

	silent := make(chan error, 2)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for range 2 {
			s.peers.ask(other, gatewayName, wire.Envelope{Kind: wire.KindStatus}, 10*time.Millisecond, func(_ wire.Envelope, err error) { silent <- err })
		}
	}()
	within(t, "who asks does not wait", asked)
	within(t, "the library was asked", waits.arrived)
	for range 2 {
		select {
		case err := <-silent:
			require.ErrorIs(t, err, errSilent)
		case <-time.After(10 * time.Second):
			require.Fail(t, "deadlines are not kept")
		}
	}
	for _, name := range []string{"1", "2", "3"} {
		s.peers.tell(Peer{Node: "c@1", Address: "127.0.0.1:2", Envelope: 1}, name, wire.Envelope{Kind: wire.KindLook})
	}
	for _, name := range []string{"1", "2", "3"} {
		require.Equal(t, name, <-works.names, "other nodes are reached, in order")
	}
	gone := make(chan struct{})
	go func() { defer close(gone); s.Disconnect() }()
	within(t, "leaving does not wait either", gone)
	stop()
	require.NoError(t, <-running)
	close(waits.release)
}

func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		require.Fail(t, what)
	}
}

func TestMessagesThatAreNotTakenAreBounded(t *testing.T) {
	s := New(Options{Node: "a@1", Router: elsewhere{other}})
	waits := &stuck{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	s.actors.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) { return waits, true })
	require.False(t, s.peers.out.send(other.Address, gatewayName, 0))
	<-waits.arrived
	for range maxQueued {
		require.False(t, s.peers.out.send(other.Address, gatewayName, 0))
	}
	require.True(t, s.peers.out.send(other.Address, gatewayName, 0))
	close(waits.release)
	s.peers.close()
	require.Empty(t, s.peers.out.boxes)
	require.NoError(t, s.stop())
}

func TestOutboxesGoWithTheirNodes(t *testing.T) {
	s := New(Options{Node: "a@1", Router: elsewhere{other}})
	gone := &taken{names: make(chan string, 2)}
	s.actors.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) { return gone, true })
	for _, address := range []string{other.Address, "127.0.0.1:2"} {
		s.peers.out.send(address, "x", 0)
		<-gone.names
	}
	require.Eventually(t, func() bool {
		s.peers.out.keep([]Peer{other})
		return len(s.peers.out.boxes) == 1
	}, 10*time.Second, time.Millisecond)
	require.Contains(t, s.peers.out.boxes, other.Address)
	s.peers.close()
	require.NoError(t, s.stop())
}

// Replies go to addresses that are no members': those of nodes that have just left, or are not seen yet.
func TestAnAddressHasOneSenderHoweverLongTheLibraryKeepsIt(t *testing.T) {
	s := New(Options{Node: "a@1", Router: elsewhere{other}})
	out := s.peers.out
	waits := &stuck{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	s.actors.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) { return waits, true })
	out.send("127.0.0.1:2", "x", 0)
	<-waits.arrived
	first := out.boxes["127.0.0.1:2"]
	out.keep(nil)
	out.send("127.0.0.1:2", "x", 1)
	require.Same(t, first, out.boxes["127.0.0.1:2"], "two senders overtake each other")
	close(waits.release)
	require.Eventually(t, func() bool { out.keep(nil); return len(out.boxes) == 0 }, 10*time.Second, time.Millisecond)
	s.peers.close()
	require.NoError(t, s.stop())
}

// panics stands for the library: it panics when it is stopped while a sender waits for it.
type panics struct {
	stuck
	asked atomic.Int32
}

func (p *panics) SendUserMessage(pid *actor.PID, message any) {
	p.asked.Add(1)
	p.stuck.SendUserMessage(pid, message)
	panic("stopped")
}

func TestASenderThatOutlivesTheLibraryEndsQuietly(t *testing.T) {
	var log strings.Builder
	s := New(Options{Node: "a@1", Router: elsewhere{other}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	library := &panics{stuck: stuck{arrived: make(chan struct{}, 1), release: make(chan struct{})}}
	s.actors.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) { return library, true })
	for range 4 {
		s.peers.out.send(other.Address, gatewayName, 0)
	}
	<-library.arrived
	s.peers.close()
	close(library.release)
	s.peers.out.senders.Wait()
	require.EqualValues(t, 1, library.asked.Load(), "what was left is lost")
	require.Empty(t, log.String())
	require.NoError(t, s.stop())
}

func TestAMessageThatTheLibraryCannotSendCostsNoOther(t *testing.T) {
	var log strings.Builder
	s := New(Options{Node: "a@1", Router: elsewhere{other}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	library := &panics{stuck: stuck{arrived: make(chan struct{}, 1), release: make(chan struct{})}}
	close(library.release)
	s.actors.ProcessRegistry.RegisterAddressResolver(func(*actor.PID) (actor.Process, bool) { return library, true })
	for range 2 {
		s.peers.out.send(other.Address, gatewayName, 0)
	}
	s.peers.close()
	require.EqualValues(t, 2, library.asked.Load())
	require.Equal(t, 2, strings.Count(log.String(), "sending to another node panicked"))
	require.NotContains(t, log.String(), "stopped", "the value may hold what a client sent")
	require.NoError(t, s.stop())
}
