package batch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	// crowd is the batch from which a lane gathers. Below it the wait would cost more than it gains.
	crowd = 8
	// gatherStep is what a pause in the arrivals looks like.
	gatherStep = 50 * time.Microsecond
	// gatherShare bounds the gathering to this part of the time that the last commit took.
	gatherShare = 8
)

// lane is what one commit at a time needs, reused from batch to batch; who has taken it from the free
// ones owns it.
type lane struct {
	number int
	most   int
	expect int           // how many were in flight at the end of the last commit
	took   time.Duration // by it
	batch  []commit
	writes []store.Write
	seen   map[session.Key]bool
}

// runLane is a goroutine that commits what nobody helps with. After a crowd it keeps its lane: the first
// who comes back would commit alone what the others could have shared.
func (b *Batcher) runLane() {
	for l := b.commits.begin(); l != nil; {
		b.commit(l)
		if len(l.batch) < crowd {
			b.commits.release(l)
			l = b.commits.begin()
			continue
		}
		l.gather(b.commits)
		l = b.commits.goOn(l)
	}
}

// commit stores the lane's batch and answers it.
func (b *Batcher) commit(l *lane) {
	started := time.Now()
	errs := b.store.Commit(context.Background(), l.number, l.prepare())
	l.took = time.Since(started)
	b.metrics.committed(len(l.batch), l.took)
	l.expect = len(l.batch) + b.commits.len()
	for i := range l.batch {
		l.batch[i].done(errs[i], l.expect == 1)
	}
}

// gather waits while those whom the last commit answered come back with their next write. Otherwise
// they would just miss this commit, and two half crowds would commit in turns for ever, each at the
// price of the whole. It ends at the first pause in the arrivals, so that a crowd which has gone
// away costs one step.
func (l *lane) gather(q *commits) {
	q.wait()
	until := time.Now().Add(l.took / gatherShare)
	for have := q.len(); have < l.expect && time.Now().Before(until); {
		time.Sleep(gatherStep)
		now := q.len()
		if now == have {
			break
		}
		have = now
	}
}

// pick takes the first writes of distinct employees and leaves the rest in their order: of two
// writes to one row in one statement only one could win, and nobody could say which.
func (l *lane) pick(items []commit) (left []commit) {
	clear(l.batch)
	l.batch = l.batch[:0]
	clear(l.seen)
	left = items[:0]
	for _, item := range items {
		if len(l.batch) == l.most || l.seen[item.write.Key] {
			left = append(left, item)
			continue
		}
		l.seen[item.write.Key] = true
		l.batch = append(l.batch, item)
	}
	clear(items[len(left):]) // lets go of the changes
	return left
}

// prepare sorts by key. Every lane of every node locks rows in this order; unsorted they deadlock.
func (l *lane) prepare() []store.Write {
	slices.SortFunc(l.batch, func(a, b commit) int { return strings.Compare(string(a.write.Key), string(b.write.Key)) })
	l.writes = l.writes[:0]
	for i := range l.batch {
		l.writes = append(l.writes, l.batch[i].write)
	}
	return l.writes
}
