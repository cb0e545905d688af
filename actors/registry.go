package actors

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"
)

// registryBuckets is how many of the library's buckets a system keeps. Each is 32 maps with a lock of
// their own, so a thousand of both remain.
const registryBuckets = 32

// shrinkRegistry lets go of most of the maps by which a new system finds its actors. A map keeps its
// place for eight actors once it had one, so with the library's 32,768 a storm of logins leaves 300
// bytes behind for each actor that it made. No actor may have been spawned yet but the library's own,
// which move.
func shrinkRegistry(s *actor.ActorSystem) {
	registry := s.ProcessRegistry.LocalPIDs
	all := registry.LocalPIDs
	registry.LocalPIDs = slices.Clone(all[:registryBuckets])
	for _, bucket := range all {
		for id, process := range bucket.Items() {
			registry.GetBucket(id).Set(id, process)
		}
	}
}
