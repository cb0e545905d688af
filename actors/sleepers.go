package actors

import (
	"math"
	"math/bits"
)

// sleepers are the employees of one shard that have no actor because nothing happens to them: a
// packed record for each, and when to look at it. Nothing in here is a pointer that the collector
// would follow for each employee. One goroutine uses it.
//
// The table has open addressing; an entry stands in the first free place from its home on.
type sleepers struct {
	places  []sleeper
	used    int
	records records
	soonest uint32 // no entry is due before that second
}

// sleeper is free when its record is zero.
type sleeper struct {
	hash   uint32
	record recordRef
	due    uint32 // wall second; never when it is the largest
}

// add puts a record in. Its key, which hash is of, must not be there.
func (s *sleepers) add(hash uint32, record []byte, due int64) {
	if s.used*4 >= len(s.places)*3 {
		s.resize(len(s.places)*5/4 + 8)
	}
	second := uint32(min(max(due, 0), math.MaxUint32))
	s.insert(sleeper{hash, s.records.put(record), second})
	s.soonest = min(s.soonest, second)
}

// find looks for the record with that hash of which is says yes; at is negative when there is none.
// What it returns is good until the next add or remove.
func (s *sleepers) find(hash uint32, is func(record []byte) bool) (at int, record []byte) {
	if len(s.places) == 0 {
		return -1, nil
	}
	for i := s.home(hash); s.places[i].record != 0; i = s.after(i) {
		if s.places[i].hash != hash {
			continue
		}
		if record := s.records.get(s.places[i].record); is(record) {
			return i, record
		}
	}
	return -1, nil
}

// remove forgets what find found.
func (s *sleepers) remove(at int) {
	s.records.drop(s.places[at].record)
	s.free(at)
	if len(s.places) > 64 && s.used*3 < len(s.places) {
		s.resize(len(s.places) / 2)
	}
}

// due returns the records that are due at that second, which stay. They are good until the next add
// or remove.
func (s *sleepers) due(now uint32) (records [][]byte) {
	if now < s.soonest {
		return nil
	}
	s.soonest = math.MaxUint32
	for i := range s.places {
		switch p := &s.places[i]; {
		case p.record == 0:
		case p.due <= now:
			records = append(records, s.records.get(p.record))
		default:
			s.soonest = min(s.soonest, p.due)
		}
	}
	return records
}

// home is where an entry would like to stand. The table's size need not be a power of two.
func (s *sleepers) home(hash uint32) int {
	at, _ := bits.Mul32(hash, uint32(len(s.places)))
	return int(at)
}

func (s *sleepers) after(i int) int {
	if i++; i == len(s.places) {
		return 0
	}
	return i
}

func (s *sleepers) insert(e sleeper) {
	i := s.home(e.hash)
	for s.places[i].record != 0 {
		i = s.after(i)
	}
	s.places[i] = e
	s.used++
}

// free empties a place, and moves up what would not be found behind a gap.
func (s *sleepers) free(gap int) {
	s.used--
	s.places[gap] = sleeper{}
	for i := s.after(gap); s.places[i].record != 0; i = s.after(i) {
		home := s.home(s.places[i].hash)
		if (i-home+len(s.places))%len(s.places) >= (i-gap+len(s.places))%len(s.places) {
			s.places[gap], s.places[i] = s.places[i], sleeper{}
			gap = i
		}
	}
}

func (s *sleepers) resize(size int) {
	old := s.places
	s.places, s.used = make([]sleeper, size), 0
	for _, e := range old {
		if e.record != 0 {
			s.insert(e)
		}
	}
}
