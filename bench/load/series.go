package load

import (
	"encoding/json"
	"math"
	"time"
)

// Series is a run over time: columns of equal length, one row for each window.
type Series struct {
	Seconds Column            `json:"seconds"` // the windows' ends, since the measurement began
	Columns map[string]Column `json:"columns"`
}

// Column holds numbers; NaN where a window has none, which JSON says as null.
type Column []float64

// MarshalJSON rounds to what a plot can show.
func (c Column) MarshalJSON() ([]byte, error) {
	rounded := make([]*float64, len(c))
	for i, v := range c {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			v = significant(v)
			rounded[i] = &v
		}
	}
	return json.Marshal(rounded)
}

// UnmarshalJSON reads null as NaN.
func (c *Column) UnmarshalJSON(text []byte) error {
	var values []*float64
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	*c = make(Column, len(values))
	for i, v := range values {
		(*c)[i] = math.NaN()
		if v != nil {
			(*c)[i] = *v
		}
	}
	return nil
}

// significant rounds to five digits.
func significant(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(v))))
	if math.IsInf(scale, 0) {
		return v
	}
	return math.Round(v*scale) / scale
}

// windows is the part of a Recorder that becomes a Series.
type windows struct {
	opened   time.Time
	active   time.Duration // of the recorder when the window opened
	failures int
	series   Series
}

// leastActive is the share of a window that must have been measured for its rate to say anything.
const leastActive = 0.1

// CloseWindow ends the window that is open and begins the next. Sampled are further columns.
func (r *Recorder) CloseWindow(sampled map[string]float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		return
	}
	now := time.Now()
	w := &r.windows
	active, whole := r.activeNow()-w.active, now.Sub(w.opened)
	w.active += active
	w.opened = now
	w.series.Seconds = append(w.series.Seconds, now.Sub(r.began).Seconds())
	row := map[string]float64{"failures": float64(w.failures)}
	w.failures = 0
	for name, v := range sampled {
		row[name] = v
	}
	for _, t := range r.timers {
		t.closeWindow(row, active, whole)
	}
	w.series.add(row)
}

func (t *Timer) closeWindow(row map[string]float64, active, whole time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := float64(t.window.Count())
	if active.Seconds() >= leastActive*whole.Seconds() && active > 0 {
		row[t.Name+" rate"] = n / active.Seconds()
	}
	if n > 0 {
		for q, name := range map[float64]string{.5: " p50", .9: " p90", .99: " p99", 1: " max"} {
			row[t.Name+name] = float64(t.window.At(q)) / float64(time.Millisecond)
		}
	}
	t.window.Reset()
}

// add appends a row; columns that were not there before, or are not now, have NaN.
func (s *Series) add(row map[string]float64) {
	if s.Columns == nil {
		s.Columns = map[string]Column{}
	}
	rows := len(s.Seconds)
	for name := range row {
		for len(s.Columns[name]) < rows-1 {
			s.Columns[name] = append(s.Columns[name], math.NaN())
		}
	}
	for name, column := range s.Columns {
		v, there := row[name]
		if !there {
			v = math.NaN()
		}
		s.Columns[name] = append(column, v)
	}
	for name, v := range row {
		if _, there := s.Columns[name]; !there {
			s.Columns[name] = Column{v}
		}
	}
}

// Series is a copy of all windows closed so far.
func (r *Recorder) Series() Series {
	r.mu.Lock()
	defer r.mu.Unlock()
	copied := Series{Seconds: append(Column(nil), r.windows.series.Seconds...), Columns: map[string]Column{}}
	for name, column := range r.windows.series.Columns {
		copied.Columns[name] = append(Column(nil), column...)
	}
	return copied
}
