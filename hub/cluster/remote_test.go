package cluster

import (
	"log/slog"
	"net"
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

// A peer that restarts, or whose cable was bad, hears what was sent while it could not be reached.
func TestAPeerThatCannotBeReachedYetHearsWhatItWasSent(t *testing.T) {
	late, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := late.Addr().String()
	require.NoError(t, late.Close())
	sender, err := startRemote(quietSystem(t), &Options{Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), func(string) {})
	require.NoError(t, err)
	defer sender.stop()

	refused := make(chan struct{})
	go func() {
		defer close(refused)
		for range 3 { // what the sender's first tries meet
			if hangUp(t, address) != nil {
				return
			}
		}
	}()
	sender.system.Root.Send(actor.NewPID(address, "ear"), wrapperspb.Bytes([]byte("hear me")))
	<-refused
	peer := quietSystem(t)
	heard := make(chan string, 1)
	_, err = peer.Root.SpawnNamed(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*wrapperspb.BytesValue); ok {
			heard <- string(m.GetValue())
		}
	}), "ear")
	require.NoError(t, err)
	there, err := startRemote(peer, &Options{Listen: address}, slog.New(slog.DiscardHandler), func(string) {})
	require.NoError(t, err)
	defer there.stop()
	select {
	case said := <-heard:
		require.Equal(t, "hear me", said)
	case <-time.After(10 * time.Second):
		require.Fail(t, "it was not sent again")
	}
}

// hangUp accepts one connection and ends it.
func hangUp(t *testing.T, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Error(err)
		return err
	}
	defer l.Close()
	c, err := l.Accept()
	if err != nil {
		t.Error(err)
		return err
	}
	return c.Close()
}

func quietSystem(t *testing.T) *actor.ActorSystem {
	s := actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
		actor.WithDeadLetterThrottleInterval(10*time.Millisecond))
	t.Cleanup(s.Shutdown)
	return s
}
