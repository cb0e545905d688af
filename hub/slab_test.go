package hub

import (
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestASleepingSocketIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(slot{}), uintptr(48))
}

// An idle socket is a slot of the slab, a place in a chunk of the seat store and an entry of the index; the
// collector would follow each pointer of a million of them.
func TestWhatAnIdleSocketIsMadeOfHasNoPointers(t *testing.T) {
	for name, idle := range map[string]reflect.Type{
		"slot":  reflect.TypeOf(new(slab).chunks[0].Load()).Elem(),
		"seat":  reflect.TypeOf(seatClass{}.chunks).Elem().Elem(),
		"entry": reflect.TypeOf(indexShard{}.places).Elem(),
	} {
		requireNoPointers(t, idle, name)
	}
}

func requireNoPointers(t *testing.T, in reflect.Type, path string) {
	switch in.Kind() {
	case reflect.Struct:
		for i := range in.NumField() {
			requireNoPointers(t, in.Field(i).Type, path+"."+in.Field(i).Name)
		}
	case reflect.Array:
		requireNoPointers(t, in.Elem(), path+"[]")
	default:
		require.Contains(t, "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64", in.Kind().String(), path)
	}
}

// Slots keep 32 bits of a time: it must come back right however long the hub has run.
func TestATimeInASlotOutlivesItsBits(t *testing.T) {
	for _, now := range []time.Duration{0, time.Hour, (1<<32 - 1) * time.Millisecond, 1 << 32 * time.Millisecond, 3000 * 24 * time.Hour} {
		for _, off := range []time.Duration{-20 * 24 * time.Hour, -time.Second, 0, time.Millisecond, 40 * time.Second} {
			if now+off >= 0 {
				require.Equal(t, now+off, fine(coarse(now+off), now), "%s %s", now, off)
			}
		}
	}
}

func TestTheClockHandPassesEverySlotOnce(t *testing.T) {
	s := new(slab)
	s.grow(5)
	s.grow(3 * slotsAtOnce)
	seen := map[int]int{}
	for step := range handSteps {
		s.step(step, func(fd int, at *slot) {
			require.Same(t, s.at(fd), at)
			seen[fd]++
		})
	}
	require.Len(t, seen, 2*slotsAtOnce, "the chunks between were never needed")
	for fd, times := range seen {
		require.Equal(t, 1, times, fd)
	}
}

func TestAlarmsRingInOrder(t *testing.T) {
	var a alarms
	for _, at := range []time.Duration{5, 1, 4, 1, 3, 9, 2, 6} {
		a.set(at, int(at))
	}
	_, _, ok := a.next(0)
	require.False(t, ok)
	var rang []int
	for fd, _, ok := a.next(6); ok; fd, _, ok = a.next(6) {
		rang = append(rang, fd)
	}
	require.Equal(t, []int{1, 1, 2, 3, 4, 5, 6}, rang)
	require.Len(t, a, 1)
}

// A descriptor may go from one shard to another between the two reads that make an id.
func TestAnIDOfAnotherShardIsNobodys(t *testing.T) {
	s := new(slab)
	at := s.grow(5)
	at.owner.Store(2)
	at.generation.Store(7)
	require.Same(t, at, s.there(at.id(5)))
	require.Nil(t, s.there(1<<shardShift|5<<descriptorShift|7))
}

// The number is another socket's by now, of the same shard.
func TestAnIDOfAFormerSocketIsNobodys(t *testing.T) {
	s := new(slab)
	at := s.grow(5)
	at.owner.Store(2)
	at.generation.Store(7)
	former := at.id(5)
	require.Same(t, at, s.there(former))
	at.generation.Add(1)
	require.Nil(t, s.there(former))
	require.Nil(t, s.there(at.id(5)), "nobody is there")
	at.generation.Add(1)
	require.Nil(t, s.there(former))
	require.Same(t, at, s.there(at.id(5)))
}

func TestAlarmsGiveBackWhatAStormNeeded(t *testing.T) {
	var a alarms
	for n := range 100_000 {
		a.set(time.Duration(n), n)
	}
	for _, _, ok := a.next(99_989); ok; _, _, ok = a.next(99_989) {
	}
	require.Len(t, a, 10, "some are always left where something happens")
	require.Less(t, cap(a), 1000)
}
