package actors

import (
	"context"
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
	s.peers.out.keep([]Peer{other})
	require.Len(t, s.peers.out.boxes, 1)
	require.Contains(t, s.peers.out.boxes, other.Address)
	s.peers.close()
	require.NoError(t, s.stop())
}
