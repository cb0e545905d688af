package enforce

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// FeedOptions of a Feed. Boot and Now must be given.
type FeedOptions struct {
	// Boot names this run of this node: a cursor of another run is read by its time.
	Boot [8]byte
	// Now is the store's time.
	Now func() session.Time
	// Lifetime of the longest access token in use: an ending is listed until no token of it lives,
	// and a cursor is good for as long.
	Lifetime time.Duration
	// Leeway is how far the clocks of those who check tokens may differ; 1 minute.
	Leeway time.Duration
	// Max bounds the endings that are held, at about 120 bytes; 1,000,000. When full the oldest are
	// forgotten, cursors before them have expired, and the whole list is refused until their tokens
	// have expired.
	Max int
}

// Feed lists the endings whose tokens may still live, in the order in which this node learned of
// them. The Tail fills it, and those who check tokens outside read it by cursor. Any goroutine may
// call it.
type Feed struct {
	o FeedOptions

	mu      sync.Mutex
	items   []listed // by when they were learned
	first   uint64   // the number of items[0]
	asOf    session.Time
	changed chan struct{} // closed by the next poll
	// lost is the number below which items were forgotten for want of room, and lostUntil when the
	// last token of those has expired.
	lost      uint64
	lostUntil session.Time
	// loading are the sessions that polls brought before the past was loaded; nil afterwards.
	loading map[session.ID]bool
}

// listed is a revocation and when this node had learned of it.
type listed struct {
	session.Revocation
	learned session.Time
}

// NewFeed makes a Feed that knows nothing yet: it answers session.ErrIncomplete until its past is
// loaded and the Tail has polled.
func NewFeed(o FeedOptions) *Feed {
	if o.Leeway <= 0 {
		o.Leeway = time.Minute
	}
	if o.Max <= 0 {
		o.Max = 1_000_000
	}
	return &Feed{o: o, changed: make(chan struct{}), loading: map[session.ID]bool{}}
}

// keep is how long anything in the list matters.
func (f *Feed) keep() time.Duration { return f.o.Lifetime + f.o.Leeway }

// polled takes what a poll of the Tail, begun at start, has brought.
func (f *Feed) polled(events []session.Event, start session.Time) {
	now := f.o.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range events {
		if f.loading != nil && events[i].Type.Ends() {
			f.loading[events[i].Session.ID] = true
		}
	}
	f.add(events, now)
	f.asOf = max(f.asOf, start)
	close(f.changed)
	f.changed = make(chan struct{})
}

// add appends endings; f.mu is held.
func (f *Feed) add(events []session.Event, now session.Time) {
	for i := range events {
		if e := &events[i]; e.Type.Ends() && e.Session.TokensUntil.Add(f.o.Leeway) >= now {
			f.items = append(f.items, listed{e.Revocation(), now})
		}
	}
	f.forget(now)
}

// forget drops from the front what no token can ask for, and what is too much.
func (f *Feed) forget(now session.Time) {
	n := 0
	for ; n < len(f.items); n++ {
		until := f.items[n].Until.Add(f.o.Leeway)
		if until < now {
			continue
		}
		if len(f.items)-n <= f.o.Max {
			break
		}
		f.lost, f.lostUntil = f.first+uint64(n)+1, max(f.lostUntil, until)
	}
	f.items, f.first = f.items[n:], f.first+uint64(n)
}

// Changed is closed when there may be more to read.
func (f *Feed) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// After returns up to limit endings that come after cursor; without one, all whose tokens may live.
// What a cursor leads to may have been seen before, but nothing is left out, on whatever node the
// cursor was given.
func (f *Feed) After(cursor string, limit int) (session.Revocations, error) {
	now := f.o.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(now)
	if f.loading != nil || f.asOf == 0 {
		return session.Revocations{}, session.ErrIncomplete
	}
	from, known, err := f.find(cursor, now)
	if err != nil {
		return session.Revocations{}, err
	}
	page := session.Revocations{AsOf: f.asOf}
	to := min(from+limit, len(f.items))
	page.Items = make([]session.Revocation, 0, to-from)
	for _, one := range f.items[from:to] {
		page.Items = append(page.Items, one.Revocation)
	}
	if page.More = to < len(f.items); page.More {
		page.AsOf = known // only the last page makes the reader's knowledge complete
	}
	page.Cursor = mark{boot: f.o.Boot, next: f.first + uint64(to), asOf: page.AsOf}.String()
	return page, nil
}

// find returns where in items to read on, and as of when the reader knows everything before.
func (f *Feed) find(cursor string, now session.Time) (from int, known session.Time, err error) {
	oldest := now.Add(-f.keep())
	if cursor == "" {
		if f.lost > 0 && now <= f.lostUntil {
			return 0, 0, session.ErrIncomplete
		}
		return 0, oldest, nil
	}
	m, err := parseMark(cursor)
	switch {
	case err != nil:
		return 0, 0, err
	case m.asOf > now.Add(skew):
		return 0, 0, session.ErrBadCursor
	case m.asOf < oldest:
		return 0, 0, session.ErrCursorExpired
	case m.boot != f.o.Boot:
		return f.findByTime(m, now)
	case m.next > f.first+uint64(len(f.items)):
		return 0, 0, session.ErrBadCursor
	case m.next < f.lost && now <= f.lostUntil:
		return 0, 0, session.ErrCursorExpired
	}
	return int(max(m.next, f.first) - f.first), m.asOf, nil
}

// skew is how far two nodes' readings of the store's time may be apart.
const skew = 2 * time.Second

// findByTime reads a cursor that another node gave, or this one before its restart. Whoever has it
// knows what was committed before its asOf. Anything committed later, this node had learned of
// later.
func (f *Feed) findByTime(m mark, now session.Time) (int, session.Time, error) {
	learned := m.asOf.Add(-skew)
	from := sort.Search(len(f.items), func(i int) bool { return f.items[i].learned >= learned })
	if f.lost > 0 && from == 0 && now <= f.lostUntil {
		return 0, 0, session.ErrCursorExpired
	}
	return from, m.asOf, nil
}

// loaded puts the past before what polls brought meanwhile.
func (f *Feed) loaded(past []session.Revocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	past = slices.DeleteFunc(past, func(r session.Revocation) bool { return f.loading[r.Session] })
	all := make([]listed, 0, len(past)+len(f.items))
	for _, r := range past {
		// Learned when the first of the others was, or earlier: the order by time is kept, and
		// readers with another node's cursor get all of it.
		all = append(all, listed{r, f.o.Now()})
	}
	for i := range f.items {
		f.items[i].learned = max(f.items[i].learned, f.o.Now())
	}
	f.items, f.loading = append(all, f.items...), nil
	f.forget(f.o.Now())
}
