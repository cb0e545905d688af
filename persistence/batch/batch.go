package batch

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Store is what the batcher needs of a store.
type Store interface {
	Commit(ctx context.Context, lane int, writes []store.Write) []error
	Load(ctx context.Context, keys []session.Key) ([]session.Employee, error)
	FindKey(ctx context.Context, key session.Key, hash [16]byte, since session.Time) (*session.KeyRecord, error)
}

// Options of a Batcher. The zero value is ready for production.
type Options struct {
	// Lanes is how many commits may run beside each other; 1 when zero. One is best up to some
	// 256 logins in flight, two at most: more lanes make smaller batches.
	Lanes int
	// MaxBatch bounds the writes of one commit; 512 when zero. Larger ones make every login in
	// them wait for the slowest.
	MaxBatch int
	// MaxQueue bounds the writes that wait; 8192 when zero. Full: session.ErrOverloaded.
	MaxQueue int
	// MaxReads bounds the reads that wait, of each kind; 32768 when zero. Full: ErrOverloaded.
	MaxReads int
	// Registerer takes the metrics; nil is none.
	Registerer prometheus.Registerer
	// Refused counts what a full queue turned away; nil is none.
	Refused prometheus.Counter
}

func (o Options) withDefaults() Options {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&o.Lanes, 1)
	set(&o.MaxBatch, 512)
	set(&o.MaxQueue, 8192)
	set(&o.MaxReads, 32768)
	return o
}

// Batcher stands between the actors and the store. Any goroutine may call Commit, Load and FindKey;
// they never block. done is called once, on a goroutine that many others may wait for: it must only pass
// the outcome on, but where it is told otherwise.
type Batcher struct {
	o       Options
	store   Store
	commits *commits
	loads   *queue[load]
	finds   *queue[find]
	metrics *metrics
}

// New makes a Batcher; nothing is done before Run.
func New(s Store, o Options) *Batcher {
	o = o.withDefaults()
	return &Batcher{
		o: o, store: s, metrics: newMetrics(o.Registerer),
		commits: newCommits(&o),
		loads:   newQueue[load](o.MaxReads, o.Refused),
		finds:   newQueue[find](o.MaxReads, o.Refused),
	}
}

// Run works until ctx is done, then refuses what comes (session.ErrUnavailable), finishes what was
// accepted, and returns nil. The store must outlive it.
func (b *Batcher) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range b.o.Lanes {
		workers.Go(b.runLane)
	}
	workers.Go(func() { b.runLoads() })
	workers.Go(func() { b.runFinds() })
	<-ctx.Done()
	b.commits.close()
	b.loads.close()
	b.finds.close()
	workers.Wait()
	b.commits.rest()
	return nil
}

// Commit stores change if the row of key still has the expected version. The change must not be
// modified any more. done is told whether it may take its time: when nobody else waits for its goroutine.
func (b *Batcher) Commit(key session.Key, expected session.Version, change *session.Change, done func(err error, alone bool)) {
	if err := b.commits.put(commit{store.Write{Key: key, Expected: expected, Change: change}, done}); err != nil {
		done(err, false)
	}
}

// Help calls ask and then, where a lane is free, commits what waits, on the caller's goroutine: who asks
// for a login and waits for its answer has nothing better to do, and a lone login is spared the way to a
// lane's goroutine and back, which costs more than its decision. The caller must hold nothing.
func (b *Batcher) Help(ask func()) {
	b.commits.announce()
	defer func() {
		if l := b.commits.help(); l != nil {
			b.commit(l)
			b.commits.release(l)
		}
	}()
	ask()
}

// Load reads the row of key. Callers that ask together for the same employee get the same Employee:
// treat it as read-only.
func (b *Batcher) Load(key session.Key, done func(session.Employee, error)) {
	if err := b.loads.put(load{key, done}); err != nil {
		done(session.Employee{}, err)
	}
}

// FindKey looks up a client's idempotency key that is not older than since.
func (b *Batcher) FindKey(key session.Key, hash [16]byte, since session.Time, done func(*session.KeyRecord, error)) {
	if err := b.finds.put(find{key, hash, since, done}); err != nil {
		done(nil, err)
	}
}
