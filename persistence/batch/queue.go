package batch

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

var errStopped = fmt.Errorf("store is closing: %w", session.ErrUnavailable)

// queue is a bounded list from which workers take all that has arrived. Any goroutine may put; a
// full or closed queue refuses.
type queue[T any] struct {
	bound   int
	refused prometheus.Counter

	mu      sync.Mutex // guards what follows
	arrived sync.Cond
	items   []T
	closed  bool
}

func newQueue[T any](bound int, refused prometheus.Counter) *queue[T] {
	q := &queue[T]{bound: bound, refused: refused}
	q.arrived.L = &q.mu
	return q
}

func (q *queue[T]) put(item T) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.add(item); err != nil {
		return err
	}
	if len(q.items) == 1 {
		q.arrived.Signal()
	}
	return nil
}

// add is put without waking anybody. The caller holds mu.
func (q *queue[T]) add(item T) error {
	if q.closed {
		return errStopped
	}
	if len(q.items) >= q.bound {
		if q.refused != nil {
			q.refused.Inc()
		}
		return session.ErrOverloaded
	}
	q.items = append(q.items, item)
	return nil
}

func (q *queue[T]) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// take waits for something and hands everything to pick, which returns what it leaves. It answers
// false once the queue is closed and empty.
func (q *queue[T]) take(pick func(items []T) (left []T)) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		if q.closed {
			return false
		}
		q.arrived.Wait()
	}
	q.items = pick(q.items)
	if len(q.items) > 0 {
		q.arrived.Signal() // for the next worker: put signals only the first item
	}
	return true
}

func (q *queue[T]) close() {
	q.mu.Lock()
	q.closed = true
	q.arrived.Broadcast()
	q.mu.Unlock()
}
