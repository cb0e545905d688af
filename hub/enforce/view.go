package enforce

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Rows asks the store for an employee's row, for a strict check. The read starts after the call.
type Rows interface {
	Load(ctx context.Context, key session.Key) (session.Employee, error)
}

// Options of a View. Rows must be given.
type Options struct {
	Rows Rows
	// Now is the store's time; the local clock by default.
	Now func() session.Time
	// Leeway is how much longer than its tokens an ending is remembered; 1 minute. It must be more
	// than token verification allows the clocks to differ.
	Leeway time.Duration
	// MaxEnded is how many endings the View holds, at about 300 bytes; 500,000. When full it
	// forgets the oldest and asks the store about older tokens instead.
	MaxEnded int
	// MaxValid is how many sessions older than the View are remembered as valid; 1,000,000, at
	// about 50 bytes. When full some are asked for again.
	MaxValid int
}

// coverMargin is how much before covers_from a token may have been issued by another node's clock
// and still be newer than an ending that the View does not hold.
const coverMargin = 5 * time.Second

// never is the Covers of a View that knows nothing: no token is newer.
const never = math.MaxInt64

const shards = 64

// View knows which sessions have ended. Any goroutine may call any method.
type View struct {
	options Options
	shards  [shards]shard
	// covers is Covers: endings at or after it are here. Before the first poll it is never.
	covers atomic.Int64
	polled atomic.Int64 // start of the last successful poll, since the View's own start
	start  time.Time

	mu    sync.Mutex // of ages and sweep; taken before a shard's
	ages  ages
	sweep int // the shard whose valid sessions are looked through next
}

type shard struct {
	mu    sync.RWMutex
	ended map[session.ID]*session.Notice
	// valid are sessions that the store called valid while the tail ran, and until when a token
	// can ask for them.
	valid map[session.ID]session.Time
}

// NewView makes a View that covers nothing yet: every token is asked for until a Tail runs.
func NewView(o Options) *View {
	if o.Now == nil {
		o.Now = func() session.Time { return session.TimeOf(time.Now()) }
	}
	if o.Leeway <= 0 {
		o.Leeway = time.Minute
	}
	if o.MaxEnded <= 0 {
		o.MaxEnded = 500_000
	}
	if o.MaxValid <= 0 {
		o.MaxValid = 1_000_000
	}
	v := &View{options: o, start: time.Now()}
	for i := range v.shards {
		v.shards[i].ended = map[session.ID]*session.Notice{}
		v.shards[i].valid = map[session.ID]session.Time{}
	}
	v.covers.Store(never)
	return v
}

// Ended is the notice of a session that has ended, else nil. A nil means nothing for a session older
// than Covers.
func (v *View) Ended(id session.ID) *session.Notice {
	s := v.shardOf(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ended[id]
}

// Covers is from when on the View knows every ending that the store has shown to the tail.
func (v *View) Covers() session.Time { return session.Time(v.covers.Load()) }

// Staleness is how far the View may lag behind the store: the time since the start of the last
// successful poll, or since the View was made.
func (v *View) Staleness(now time.Time) time.Duration {
	return now.Sub(v.start) - time.Duration(v.polled.Load())
}

// Polled says that the store was asked at start, and all its endings up to then were added.
func (v *View) Polled(start time.Time) {
	at := int64(start.Sub(v.start))
	for old := v.polled.Load(); at > old && !v.polled.CompareAndSwap(old, at); old = v.polled.Load() {
	}
	v.sweepValid()
}

// Begin says that every ending which commits at or after from will be added. Whatever was remembered
// as valid before may have ended meanwhile, and is forgotten.
func (v *View) Begin(from session.Time) {
	v.covers.Store(never)
	for i := range v.shards {
		s := &v.shards[i]
		s.mu.Lock()
		clear(s.valid)
		s.mu.Unlock()
	}
	v.covers.Store(int64(from))
}

// Add takes endings; other events are passed over. An ending that is here already changes nothing.
func (v *View) Add(events []session.Event) {
	for i := range events {
		if e := &events[i]; e.Type.Ends() {
			notice := e.Notice()
			v.end(&notice, max(e.Session.TokensUntil, e.At))
		}
	}
	v.forget()
}

// sweepValid drops from one shard at a time what no token can ask for.
func (v *View) sweepValid() {
	now := v.options.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	s := &v.shards[v.sweep]
	v.sweep = (v.sweep + 1) % shards
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, until := range s.valid {
		if until < now {
			delete(s.valid, id)
		}
	}
}

// end remembers one ending until no token of it can be alive.
func (v *View) end(n *session.Notice, until session.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.shardOf(n.Session)
	s.mu.Lock()
	delete(s.valid, n.Session)
	_, known := s.ended[n.Session]
	if !known {
		s.ended[n.Session] = n
	}
	s.mu.Unlock()
	if !known {
		v.ages.push(age{id: n.Session, at: n.At, until: until.Add(v.options.Leeway)})
	}
}

// forget drops endings that no token can ask for, and the oldest ones above the bound. The latter
// move covers past themselves first, so that whoever misses them asks the store.
func (v *View) forget() {
	now := v.options.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	for v.ages.len() > 0 {
		oldest := v.ages.front()
		switch {
		case oldest.until < now:
		case v.ages.len() > v.options.MaxEnded:
			v.cover(oldest.at + 1)
		default:
			return
		}
		s := v.shardOf(oldest.id)
		s.mu.Lock()
		delete(s.ended, oldest.id)
		s.mu.Unlock()
		v.ages.pop()
	}
}

// cover moves covers forward, never back.
func (v *View) cover(from session.Time) {
	for old := v.covers.Load(); int64(from) > old && !v.covers.CompareAndSwap(old, int64(from)); old = v.covers.Load() {
	}
}

// shardOf uses the random end of a UUIDv7.
func (v *View) shardOf(id session.ID) *shard {
	return &v.shards[binary.LittleEndian.Uint16(id[14:])%shards]
}
