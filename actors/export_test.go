package actors

import "time"

// Beat is what Run sends each second, for tests that cannot wait for it.
func (s *System) Beat(now time.Time) {
	for _, sh := range s.shards {
		s.actors.Root.Send(sh.pid, beat{now: now})
	}
}
