package cluster

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Who drops a connection renews the lease with the same goroutine, and the library may wait for a
// connection that it is still making.
func TestDroppingAConnectionDoesNotWaitForTheLibrary(t *testing.T) {
	system := actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(10 * time.Millisecond))
	defer system.Shutdown()
	arrived, release := make(chan struct{}), make(chan struct{})
	system.EventStream.Subscribe(func(any) { close(arrived); <-release })
	dropped := make(chan struct{})
	go func() { (&link{system: system}).forget("127.0.0.1:1"); close(dropped) }()
	<-arrived
	select {
	case <-dropped:
	case <-time.After(10 * time.Second):
		require.Fail(t, "it waits")
	}
	close(release)
}

// Others learn of a node that was started again when they have perhaps spoken to it already.
func TestAConnectionOutlivesARunThatWasReplacedAtItsAddress(t *testing.T) {
	system := quietSystem(t)
	dropped := make(chan string, 1)
	system.EventStream.Subscribe(func(event any) {
		if gone, ok := event.(*remote.EndpointTerminatedEvent); ok {
			dropped <- gone.Address
		}
	})
	const stays, leaves = "127.0.0.1:1", "127.0.0.1:2"
	before := []Member{{Boot: "a@1", Address: stays}, {Boot: "b@1", Address: leaves}}
	r := newRun(Rules{}.withDefaults(), "c@1")
	r.renewed(0, 0, before)
	r.renewed(1, 1, []Member{{Boot: "a@2", Address: stays}})
	(&Node{o: Options{Life: indifferent{}}}).changed(r, before, indifferent{}, &link{system: system})
	require.Equal(t, leaves, <-dropped)
	require.Empty(t, dropped)
}

// indifferent is a life and its system, to whom members come and go.
type indifferent struct {
	Life
	System
}

func (indifferent) Changed(*Run) {}
func (indifferent) NodesLeft()   {}

// The library's own dropping of an endpoint must not drop the one that follows, under a sender that goes on.
func TestADroppedConnectionIsReplacedOnce(t *testing.T) {
	there, err := startRemote(quietSystem(t), &Options{Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), func(string) {})
	require.NoError(t, err)
	defer there.stop()
	var connected atomic.Int32
	lost := make(chan struct{}, 1000)
	system := quietSystem(t)
	here, err := startRemote(system, &Options{Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), func(string) { lost <- struct{}{} })
	require.NoError(t, err)
	defer here.stop()
	system.EventStream.Subscribe(func(event any) {
		if _, ok := event.(*remote.EndpointConnectedEvent); ok {
			connected.Add(1)
		}
	})
	const times = 20
	for i := range int32(times) {
		sent := 0
		require.Eventually(t, func() bool {
			sent++
			system.Root.Send(actor.NewPID(there.address(), "ear"), wrapperspb.Bytes([]byte("hear me")))
			return sent > 20 && connected.Load() > i
		}, 10*time.Second, time.Millisecond)
		here.forget(there.address())
		<-lost
	}
	require.EqualValues(t, times, connected.Load())
	require.Empty(t, lost, "dropped by the library again")
}

func quietSystem(t *testing.T) *actor.ActorSystem {
	s := actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
		actor.WithDeadLetterThrottleInterval(10*time.Millisecond))
	t.Cleanup(s.Shutdown)
	return s
}
