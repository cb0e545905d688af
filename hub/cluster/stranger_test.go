package cluster_test

import (
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hotseat-hub/hotseat/actors/wire"
)

// stranger speaks to nodes as a node of another version might.
type stranger struct {
	system *actor.ActorSystem
	heard  chan wire.Envelope
	cut    chan struct{} // closed when a node has hung up
	last   uint64
}

func newStranger(t *testing.T) *stranger {
	s := &stranger{heard: make(chan wire.Envelope, 16), cut: make(chan struct{})}
	s.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
		actor.WithDeadLetterThrottleInterval(10*time.Millisecond))
	cut := sync.OnceFunc(func() { close(s.cut) })
	s.system.EventStream.Subscribe(func(event any) {
		if _, gone := event.(*remote.EndpointTerminatedEvent); gone {
			cut()
		}
	})
	r := remote.NewRemote(s.system, remote.Configure("127.0.0.1", 0))
	r.Start()
	_, err := s.system.Root.SpawnNamed(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*wrapperspb.BytesValue); ok {
			if e, err := wire.Open(m); err == nil {
				s.heard <- e
			}
		}
	}), "hub/gateway")
	require.NoError(t, err)
	t.Cleanup(func() {
		r.Shutdown(false)
		_ = s.system.Root.StopFuture(s.system.NewLocalPID("EndpointSupervisor")).Wait()
		s.system.Shutdown()
	})
	return s
}

func (s *stranger) ask(t *testing.T, address, name string, e wire.Envelope) wire.Envelope {
	t.Helper()
	s.last++
	e.Ask, e.From, e.Reply = s.last, "stranger@1", s.system.Address()
	s.system.Root.Send(actor.NewPID(address, name), e.Seal())
	select {
	case answer := <-s.heard:
		require.Equal(t, s.last, answer.Ask)
		return answer
	case <-time.After(patience):
		require.Fail(t, "no answer")
		return wire.Envelope{}
	}
}

// otherShard is a shard that does not hold the key, found by asking each whether it is the one.
func otherShard(key string) string { return strconv.Itoa((len(key) + 41) % 64) }
