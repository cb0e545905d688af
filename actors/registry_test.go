package actors

import (
	"log/slog"
	"runtime"
	"strconv"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

func TestAShrunkRegistryFindsWhatItFoundBefore(t *testing.T) {
	system := actor.NewActorSystem(quietly)
	defer system.Shutdown()
	var before []string
	for _, bucket := range system.ProcessRegistry.LocalPIDs.LocalPIDs {
		before = append(before, bucket.Keys()...)
	}
	require.NotEmpty(t, before)
	shrinkRegistry(system)
	for _, id := range before {
		_, there := system.ProcessRegistry.GetLocal(id)
		require.True(t, there, id)
	}
}

func TestActorsThatHaveGoneLeaveLittleBehind(t *testing.T) {
	const actors = 15_000
	system := actor.NewActorSystem(quietly)
	defer system.Shutdown()
	shrinkRegistry(system)
	registry := system.ProcessRegistry
	before := held()
	for n := range actors {
		id := "employee-" + strconv.Itoa(n)
		_, absent := registry.Add(registryGuest{}, id)
		require.True(t, absent)
	}
	for n := range actors {
		registry.Remove(&actor.PID{Address: registry.Address, Id: "employee-" + strconv.Itoa(n)})
	}
	require.Less(t, (held()-before)/actors, int64(100), "bytes for each")
	runtime.KeepAlive(system)
}

var quietly = actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) })

func held() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// registryGuest is a process that nobody writes to.
type registryGuest struct{ actor.Process }
