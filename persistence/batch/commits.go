package batch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

type commit struct {
	write store.Write
	done  func(error)
}

// lane is one worker's memory, reused from batch to batch.
type lane struct {
	most   int
	batch  []commit
	writes []store.Write
	seen   map[session.Key]bool
}

func (b *Batcher) runLane(number int) {
	l := lane{most: b.o.MaxBatch, seen: make(map[session.Key]bool, b.o.MaxBatch)}
	for b.commits.take(l.pick) {
		started := time.Now()
		errs := b.store.Commit(context.Background(), number, l.prepare())
		b.metrics.committed(len(l.batch), time.Since(started))
		for i := range l.batch {
			l.batch[i].done(errs[i])
		}
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
