package load

import (
	"slices"
	"sync"
	"time"
)

// Recorder keeps what a run measured: durations by name, failures by kind, and both for each window
// of the run. Nothing counts before Begin and while it is paused. Any goroutine may use it.
type Recorder struct {
	mu       sync.Mutex
	began    time.Time // zero before Begin
	resumed  time.Time // zero while paused
	active   time.Duration
	timers   []*Timer
	failures map[string]int
	windows  windows
}

// NewRecorder is ready for Timer and Begin.
func NewRecorder() *Recorder { return &Recorder{failures: map[string]int{}} }

// Begin starts the measurement: what began before counts for nothing.
func (r *Recorder) Begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = time.Now()
	r.resumed = r.began
	r.windows.opened = r.began
}

// Pause stops the clock until Resume, for preparations in the middle of a run.
func (r *Recorder) Pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.resumed.IsZero() {
		r.active += time.Since(r.resumed)
		r.resumed = time.Time{}
	}
}

// Resume starts the clock again.
func (r *Recorder) Resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.began.IsZero() && r.resumed.IsZero() {
		r.resumed = time.Now()
	}
}

// Active is how long was measured, without the pauses.
func (r *Recorder) Active() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.activeNow()
}

func (r *Recorder) activeNow() time.Duration {
	if r.resumed.IsZero() {
		return r.active
	}
	return r.active + time.Since(r.resumed)
}

// Began is when the measurement started, zero before.
func (r *Recorder) Began() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.began
}

// mostKinds bounds the kinds of failures; further ones count as one.
const mostKinds = 32

// OtherFailures is the kind of those that came after too many kinds.
const OtherFailures = "other"

// Fail counts an operation that failed.
func (r *Recorder) Fail(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		return
	}
	if _, known := r.failures[kind]; !known && len(r.failures) >= mostKinds {
		kind = OtherFailures
	}
	r.failures[kind]++
	r.windows.failures++
}

// Failures are the counts by kind.
func (r *Recorder) Failures() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	copied := make(map[string]int, len(r.failures))
	for kind, n := range r.failures {
		copied[kind] = n
	}
	return copied
}

// Timer gives the timer of a name, the same for the same name.
func (r *Recorder) Timer(name string) *Timer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.timers, func(t *Timer) bool { return t.Name == name }); i >= 0 {
		return r.timers[i]
	}
	t := &Timer{Name: name, recorder: r, total: NewHistogram(), window: NewHistogram()}
	r.timers = append(r.timers, t)
	return t
}

// Timers are all of them, in the order of their making.
func (r *Recorder) Timers() []*Timer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.timers)
}

// Timer keeps the durations of one kind of operation. Any goroutine may use it.
type Timer struct {
	Name     string
	recorder *Recorder

	mu            sync.Mutex
	total, window *Histogram
}

// Record counts an operation that was to begin at from and ended at to, if the measurement had
// begun before it.
func (t *Timer) Record(from, to time.Time) {
	began := t.recorder.Began()
	if began.IsZero() || from.Before(began) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Record(to.Sub(from))
	t.window.Record(to.Sub(from))
}

// Total is a copy of everything recorded.
func (t *Timer) Total() *Histogram {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := NewHistogram()
	h.Add(t.total)
	return h
}

// Count is how many were recorded so far.
func (t *Timer) Count() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total.Count()
}
