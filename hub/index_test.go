package hub

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// The index against an obvious one, through growing, shrinking and long chains.
func TestTheIndexFindsWhatItWasGivenInTheOrderItCame(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	x, obvious, conn := newIndex(), map[session.ID][]uint64{}, uint64(0)
	for step := range 60_000 {
		id := session.ID{}
		binary.LittleEndian.PutUint64(id[8:], r.Uint64N(700))
		growing := step/10_000%2 == 0
		if here := obvious[id]; len(here) > 0 && r.IntN(10) < map[bool]int{true: 3, false: 8}[growing] {
			i := r.IntN(len(here))
			x.remove(id, here[i])
			obvious[id] = slices.Delete(here, i, i+1)
		} else {
			conn++
			x.add(id, conn)
			obvious[id] = append(here, conn)
		}
		x.remove(id, 1<<60) // which it never had
		if want := obvious[id]; len(want) == 0 {
			require.Empty(t, x.of(id), "seed %d step %d", seed, step)
		} else {
			require.Equal(t, want, x.of(id), "seed %d step %d", seed, step)
		}
	}
	for id, want := range obvious {
		require.Equal(t, len(want), len(x.of(id)), "seed %d", seed)
	}
}
