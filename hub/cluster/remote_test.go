package cluster

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
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
