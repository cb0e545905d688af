package batch

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/session"
)

// maxLoad bounds the employees of one read.
const maxLoad = 512

type load struct {
	key  session.Key
	done func(session.Employee, error)
}

type find struct {
	key   session.Key
	hash  [16]byte
	since session.Time
	done  func(*session.KeyRecord, error)
}

func (b *Batcher) runLoads() {
	var batch []load
	for b.loads.take(upTo(maxLoad, &batch)) {
		b.load(batch)
	}
}

// load asks once for each employee. A row that cannot be decoded must not take its neighbours
// along, so after an error other than an absent store each is read by itself.
func (b *Batcher) load(batch []load) {
	keys, places := distinct(batch)
	rows, err := b.store.Load(context.Background(), keys)
	for _, l := range batch {
		switch {
		case err == nil:
			l.done(rows[places[l.key]], nil)
		case errors.Is(err, session.ErrUnavailable) || len(keys) == 1:
			l.done(session.Employee{}, err)
		default:
			b.load([]load{l})
		}
	}
}

func distinct(batch []load) (keys []session.Key, places map[session.Key]int) {
	keys, places = make([]session.Key, 0, len(batch)), make(map[session.Key]int, len(batch))
	for _, l := range batch {
		if _, seen := places[l.key]; !seen {
			places[l.key] = len(keys)
			keys = append(keys, l.key)
		}
	}
	return keys, places
}

// runFinds looks keys up one by one: only an employee with more than session.MaxKeys keyed logins in
// ten minutes needs it.
func (b *Batcher) runFinds() {
	var batch []find
	for b.finds.take(upTo(maxLoad, &batch)) {
		for _, f := range batch {
			f.done(b.store.FindKey(context.Background(), f.key, f.hash, f.since))
		}
	}
}

// upTo picks the first most items into batch.
func upTo[T any](most int, batch *[]T) func([]T) []T {
	return func(items []T) []T {
		n := min(len(items), most)
		clear(*batch) // the last batch's callers may be gone
		*batch = append((*batch)[:0], items[:n]...)
		left := append(items[:0], items[n:]...)
		clear(items[len(left):])
		return left
	}
}
