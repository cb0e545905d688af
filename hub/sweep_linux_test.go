package hub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const million = 1_000_000

func TestAShardThatEverybodyLeftGivesBackWhatTheStormNeeded(t *testing.T) {
	s := &shard{engine: new(shards), arrivals: map[int]*arrival{}, awake: map[int]*awake{}}
	for fd := range 1000 {
		s.arrivals[fd] = nil
	}
	s.turnHand(1)
	require.Equal(t, 1000, s.most)
	clear(s.arrivals)
	s.turnHand(2)
	require.Zero(t, s.most, "made anew when it is empty, without a socket as well")
}

// Once around the slab is what a second of heartbeats costs a shard of a million idle sockets. It is
// compared with what each of them would need otherwise: a timer, moved on whenever something was said.
func BenchmarkTheClockHandOnceAroundAMillionSockets(b *testing.B) {
	h, err := New(Options{Node: "n1", Gate: nobody{}, Owners: nobody{}, Ended: nobody{}})
	if err != nil {
		b.Fatal(err)
	}
	e := &shards{hub: h}
	s := &shard{engine: e, sockets: million}
	for fd := range million {
		at := e.slab.grow(fd)
		at.owner.Store(1)
		at.generation.Store(1)
		at.seat, at.ping = 1, coarse(time.Hour)
	}
	now := time.Duration(0)
	b.ResetTimer()
	for range b.N {
		for range handSteps {
			now += handStep
			s.hand = now - handStep
			s.turnHand(now)
		}
	}
}

func BenchmarkAMillionTimersMovedOn(b *testing.B) {
	timers := make([]*time.Timer, million)
	for i := range timers {
		timers[i] = time.AfterFunc(time.Hour, func() {})
	}
	b.ResetTimer()
	for n := range b.N {
		for _, timer := range timers {
			timer.Reset(time.Hour + time.Duration(n)*time.Second)
		}
	}
	b.StopTimer()
	for _, timer := range timers {
		timer.Stop()
	}
}
