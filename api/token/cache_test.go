package token

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestClaimsComeOutOfTheCacheAsTheyWentIn(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := newCache(1 << 16)
	kept := map[digest]*Claims{}
	for n := range 20_000 {
		claims := someClaims(n, strings.Repeat("c", r.IntN(300)))
		claims.Employee = session.EmployeeID(strings.Repeat("Ad"[:1+r.IntN(2)], 1+r.IntN(40)))
		claims.Key, claims.Epoch = claims.Employee.Key(), session.Epoch(r.Uint64())
		kept[digestFor(n)] = claims
		c.put(digestFor(n), claims, 0)
	}
	for d, claims := range kept {
		require.Equal(t, claims, c.get(d))
	}
	huge := someClaims(1, strings.Repeat("c", 2*chunkSize))
	huge.Epoch, huge.IssuedAt, huge.ExpiresAt = math.MaxUint64, math.MaxInt64, math.MinInt64
	c.put(digestFor(-1), huge, 0)
	c.put(digestFor(-2), kept[digestFor(0)], 0)
	require.Equal(t, huge, c.get(digestFor(-1)))
	require.Equal(t, kept[digestFor(0)], c.get(digestFor(-2)))
}

// What is asked for stays, also while others move it from the old generation to the young one.
func TestATokenInUseStaysInAFullCache(t *testing.T) {
	const size = 4096
	c := newCache(size)
	used := someClaims(0, "till")
	c.put(digestFor(0), used, 0)
	var all sync.WaitGroup
	for caller := range 4 {
		all.Go(func() {
			for n := range 2 * size {
				c.put(digestFor(1+caller*2*size+n), someClaims(n, "till"), 0)
				if got := c.get(digestFor(0)); got == nil || *got != *used {
					t.Errorf("after %d others: %v", n, got)
					return
				}
			}
		})
	}
	all.Wait()
	entries := 0
	for i := range c.shards {
		entries += len(c.shards[i].young.places) + len(c.shards[i].old.places)
	}
	require.LessOrEqual(t, entries, size)
	require.Greater(t, entries, size/3)
}

// A clear meets those who move a token from the old generation to the young one by asking, and those
// who put one that they checked before.
func TestNothingOfBeforeIsInTheCacheAfterItWasCleared(t *testing.T) {
	const tokens = 64
	c := newCache(1 << 16)
	claims := someClaims(0, "till")
	for round := range 1000 {
		clears := c.clears.Load()
		for n := range tokens {
			c.put(digestFor(n), claims, clears)
		}
		for i := range c.shards { // as if they had got old
			s := &c.shards[i]
			s.old, s.young = s.young, generation{places: map[digest]uint32{}}
		}
		under := make(chan struct{}, 2)
		var all sync.WaitGroup
		for who, do := range []func(n int){
			func(n int) { c.get(digestFor(n)) },
			func(n int) { c.put(digestFor(tokens+n), claims, clears) },
		} {
			all.Go(func() {
				for n := range tokens {
					do(n)
					if n == 4*who {
						under <- struct{}{}
					}
				}
			})
		}
		<-under
		c.clear()
		all.Wait()
		for n := range 2 * tokens {
			require.Nil(t, c.get(digestFor(n)), "round %d: token %d came back", round, n)
		}
	}
}

func TestACachedTokenIsSmall(t *testing.T) {
	const tokens = 15_000
	c := newCache(1 << 16)
	before := inUse()
	for n := range tokens {
		c.put(digestFor(n), someClaims(n, "till"), 0)
	}
	require.Less(t, (inUse()-before)/tokens, int64(200), "bytes for each")
	runtime.KeepAlive(c)
}

func someClaims(n int, client string) *Claims {
	id := session.EmployeeID("employee-" + strconv.Itoa(n))
	c := &Claims{
		Employee: id, Key: id.Key(), Client: client, Terminal: "0192f0c4-7b1e-7e3a-9a51-0d2f6c8b1a2e",
		Epoch: session.Epoch(n), IssuedAt: 1_764_000_000_000, ExpiresAt: 1_764_000_900_000,
	}
	binary.LittleEndian.PutUint64(c.Session[8:], uint64(n))
	return c
}

func digestFor(n int) digest { return sha256.Sum256([]byte(strconv.Itoa(n))) }

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
