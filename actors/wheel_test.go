package actors

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheWheelVisitsEveryEntryInTheSecondItIsDue(t *testing.T) {
	var w wheel
	w.turn(1000, nil)
	visited := map[int64]int64{}
	for due := int64(1001); due < 1001+3*wheelSlots; due++ {
		w.add(&entry{key: "x"}, due)
	}
	for now := int64(1001); now < 1001+3*wheelSlots; now++ {
		w.turn(now, func(e *entry) { visited[e.due] = now })
	}
	require.Len(t, visited, 3*wheelSlots)
	for due, at := range visited {
		require.Equal(t, due, at)
	}
}

func TestAnEntryAddedWhileItIsVisitedComesAgain(t *testing.T) {
	var w wheel
	w.turn(1000, nil)
	e := &entry{}
	w.add(e, 1005)
	n := 0
	again := func(e *entry) { n++; w.add(e, e.due+5) }
	for now := int64(1001); now <= 1050; now++ {
		w.turn(now, again)
	}
	require.Equal(t, 10, n)
}

func TestARemovedEntryIsNotVisited(t *testing.T) {
	var w wheel
	w.turn(1000, nil)
	entries := make([]*entry, 10)
	for i := range entries {
		entries[i] = &entry{pid: nil, forwarded: uint32(i)}
		w.add(entries[i], 1003)
	}
	w.remove(entries[4])
	var seen []string
	w.turn(1003, func(e *entry) { seen = append(seen, fmt.Sprint(e.forwarded)) })
	require.Len(t, seen, 9)
	require.NotContains(t, seen, "4")
}

func TestAClockThatJumpsAheadVisitsWhatIsDueOnce(t *testing.T) {
	var w wheel
	w.turn(1000, nil)
	e := &entry{}
	w.add(e, 1100)
	n := 0
	w.turn(1_000_000, func(*entry) { n++ })
	require.Equal(t, 1, n)
}

func TestAnEntryRemovedWhileAnotherIsVisitedIsNotVisited(t *testing.T) {
	var w wheel
	w.turn(1000, nil)
	entries := []*entry{{forwarded: 0}, {forwarded: 1}, {forwarded: 2}}
	for _, e := range entries {
		w.add(e, 1003)
	}
	var seen []uint32
	w.turn(1003, func(e *entry) {
		seen = append(seen, e.forwarded)
		w.remove(entries[1])
		w.remove(entries[1])
	})
	require.Equal(t, []uint32{2, 0}, seen)
}

// A storm of logins puts all of them into a few slots, and the next thing that each does takes it out
// again: what walks the slot for that takes minutes here.
func TestTakingAStormOutOfItsSlotTakesMoments(t *testing.T) {
	var w wheel
	w.turn(1000, nil)
	storm := make([]entry, 300_000)
	for i := range storm {
		w.add(&storm[i], 1003)
	}
	began := time.Now()
	for i := range storm {
		w.remove(&storm[i])
	}
	require.Less(t, time.Since(began), 5*time.Second)
	w.turn(1003, func(*entry) { t.Error("a removed entry was visited") })
}
