package hub

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestASeatComesOutOfTheStoreAsItWentIn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var store seatStore
	kept := map[seatRef]Seat{}
	for range 5_000 {
		s := Seat{
			Key: session.Key(strings.Repeat("k", 1+r.IntN(128))), Epoch: session.Epoch(r.Uint64() >> r.IntN(64)),
			Terminal: session.TerminalID(strings.Repeat("T", 1+r.IntN(64))), Compat: r.IntN(2) == 0, Bare: r.IntN(2) == 0,
		}
		s.Session[3] = byte(r.Uint32())
		switch r.IntN(4) {
		case 0:
			s.Terminal = "0192f0c4-7b1e-7e3a-9a51-0d2f6c8b1a2e"
		case 1:
			s.Terminal = "0192F0C4-7B1E-7E3A-9A51-0D2F6C8B1A2E" // another spelling is another terminal
		}
		ref := store.put(&s)
		require.NotZero(t, ref)
		_, taken := kept[ref]
		require.False(t, taken, "a place was given out twice")
		kept[ref] = s
		for ref, s := range kept { // any of them
			require.Equal(t, s, *store.get(ref))
			if r.IntN(3) > 0 {
				store.drop(ref)
				delete(kept, ref)
			}
			break
		}
	}
	for ref, s := range kept {
		require.Equal(t, s, *store.get(ref))
	}
	longest := Seat{Key: session.Key(strings.Repeat("k", 128)), Epoch: math.MaxUint64, Terminal: session.TerminalID(strings.Repeat("T", 64))}
	require.Equal(t, longest, *store.get(store.put(&longest)))
}

// Terminals name themselves, in as many lengths as they like, one after the other.
func TestSeatsOfALengthThatNobodyHasAnyMoreAreGivenBack(t *testing.T) {
	var store seatStore
	for length := range 64 {
		var refs []seatRef
		for range 3 * seatsAtOnce {
			refs = append(refs, store.put(&Seat{Key: "ada", Terminal: session.TerminalID(strings.Repeat("T", length+1))}))
		}
		for _, ref := range refs {
			store.drop(ref)
		}
	}
	for i := range store.classes {
		require.Zero(t, len(store.classes[i].chunks), i)
	}
}
