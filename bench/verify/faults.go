package verify

import (
	"cmp"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
)

// faults are the times that do not count against the promises of a healthy cluster. Overlapping
// faults are one window.
type faults struct {
	windows []window
	open    map[string]bool
	began   history.Instant // when the first of the open ones did
}

type window struct{ from, to history.Instant }

// mark takes the marks in the order of the file, which is that of their times: one goroutine of the
// recording program injects faults.
func (f *faults) mark(o *history.Operation) {
	if f.open == nil {
		f.open = map[string]bool{}
	}
	switch {
	case o.Phase == history.Begin:
		if len(f.open) == 0 {
			f.began = o.Start
		}
		f.open[o.Fault] = true
	case f.open[o.Fault]:
		delete(f.open, o.Fault)
		if len(f.open) == 0 {
			f.windows = append(f.windows, window{f.began, o.End})
		}
	}
}

// close ends at the history's last instant what nobody ended.
func (f *faults) close(last history.Instant) {
	if len(f.open) > 0 {
		f.windows = append(f.windows, window{f.began, last})
		f.open = nil
	}
}

// healthy is how much of the time between from and to no fault had.
func (f *faults) healthy(from, to history.Instant) time.Duration {
	if to <= from {
		return 0
	}
	all := to.Sub(from)
	for _, w := range f.since(from) {
		if w.from >= to {
			break
		}
		all -= min(w.to, to).Sub(max(w.from, from))
	}
	return all
}

// since are the windows that end at or after then. They are in the order of their times and do not overlap.
func (f *faults) since(then history.Instant) []window {
	first, _ := slices.BinarySearchFunc(f.windows, then, func(w window, t history.Instant) int {
		return cmp.Compare(w.to, t)
	})
	return f.windows[first:]
}

// touch reports whether there was a fault at any time between the two.
func (f *faults) touch(from, to history.Instant) bool {
	later := f.since(from)
	return len(later) > 0 && later[0].from <= to
}

// before reports whether a fault has ended before then.
func (f *faults) before(then history.Instant) bool {
	return len(f.windows) > 0 && f.windows[0].to < then
}
