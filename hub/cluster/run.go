package cluster

import (
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Run is one life of this node, from joining until it leaves or is marked dead. Any goroutine may call
// its exported methods; they do not wait.
type Run struct {
	Boot session.Node

	start      time.Time // of its monotonic clock
	watch      *watch    // of the goroutine that renews; what others read of it is in until and freshFrom
	until      atomic.Int64
	freshFrom  atomic.Int64
	placement  atomic.Pointer[Placement]
	generation atomic.Uint64
}

func newRun(rules Rules, boot session.Node) *Run {
	r := &Run{Boot: boot, start: time.Now(), watch: newWatch(rules, boot)}
	r.placement.Store(NewPlacement(nil))
	return r
}

func (r *Run) now() time.Duration { return time.Since(r.start) }

// Placement is who owns whom, as far as this run knows.
func (r *Run) Placement() *Placement { return r.placement.Load() }

// Owner is the employee's owner; false while this run knows of none.
func (r *Run) Owner(key session.Key) (Member, bool) { return r.placement.Load().Owner(key) }

// Member finds a live run.
func (r *Run) Member(boot session.Node) (Member, bool) { return r.placement.Load().find(boot) }

// Members are all live runs, this one among them. The list is not to be changed.
func (r *Run) Members() []Member { return r.placement.Load().members }

// Generation moves when the owners change.
func (r *Run) Generation() uint64 { return r.generation.Load() }

// MayOwn reports whether this run's lease holds.
func (r *Run) MayOwn() bool { return r.now() < time.Duration(r.until.Load()) }

// FreshFor is since when nobody else can think that it owns what this run owns; zero or less while
// somebody may, or while the lease does not hold.
func (r *Run) FreshFor() time.Duration {
	if !r.MayOwn() {
		return 0
	}
	return r.now() - time.Duration(r.freshFrom.Load())
}

// Remaining is how long the lease still holds; negative when it does not.
func (r *Run) Remaining() time.Duration { return time.Duration(r.until.Load()) - r.now() }

func (r *Run) renewed(sent, received time.Duration, members []Member) (dead []Member, changed bool) {
	dead, changed = r.watch.renewed(sent, received, members)
	if changed {
		r.placement.Store(NewPlacement(members))
		r.generation.Add(1)
	}
	r.publish()
	return dead, changed
}

func (r *Run) marked() {
	r.watch.marked()
	r.publish()
}

func (r *Run) publish() {
	r.freshFrom.Store(int64(r.watch.freshFrom()))
	r.until.Store(int64(r.watch.holdsUntil()))
}
