package actors

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table against an obvious one, through growing, shrinking, long chains and every size of record.
func TestSleepersAreFoundAsTheyWereLaidDown(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var s sleepers
	obvious := map[uint32][]byte{}
	named := func(name uint32) (hash uint32, is func([]byte) bool) {
		return name % 512 << 20, func(record []byte) bool { return binary.LittleEndian.Uint32(record) == name }
	}
	for step := range 60_000 {
		name := r.Uint32N(1500)
		hash, is := named(name)
		at, record := s.find(hash, is)
		require.Equal(t, obvious[name], append([]byte(nil), record...), "seed %d step %d", seed, step)
		growing := step/10_000%2 == 0
		switch {
		case at < 0 && growing:
			record = binary.LittleEndian.AppendUint32(nil, name)
			record = append(record, bytes.Repeat([]byte{byte(step)}, r.IntN(maxRecord-2-4+1))...)
			s.add(hash, record, int64(name))
			obvious[name] = record
		case at >= 0 && (!growing || r.IntN(3) == 0):
			s.remove(at)
			delete(obvious, name)
		}
	}
	require.Equal(t, len(obvious), s.used)
	for name := range obvious {
		at, _ := s.find(named(name))
		s.remove(at)
	}
	require.Zero(t, s.used)
	require.LessOrEqual(t, len(s.places), 128)
	for _, class := range s.records.classes {
		require.Empty(t, class.chunks, "what nobody uses is given back")
	}
}

func TestSleepersAreDueInTheirSecondAndNotBefore(t *testing.T) {
	var s sleepers
	for n := range uint32(1000) {
		s.add(n*0x9e3779b9, binary.LittleEndian.AppendUint32(nil, n), int64(5000+n))
	}
	s.add(7, []byte("neve"), 1<<40)
	seen := map[uint32]uint32{}
	for now := uint32(4990); now < 6010; now++ {
		for _, record := range s.due(now) {
			if n := binary.LittleEndian.Uint32(record); seen[n] == 0 {
				seen[n] = now
			}
		}
	}
	require.Len(t, seen, 1000)
	for n, now := range seen {
		require.Equal(t, 5000+n, now)
	}
}
