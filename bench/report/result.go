package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/load"
)

// Version is the format's. It goes up when an old reader would misread a new file.
const Version = 1

// File is what is written with --out and printed with --json.
type File struct {
	Version int      `json:"hotseat_bench"`
	Results []Result `json:"results"`
}

// Result is one scenario's.
type Result struct {
	Scenario string    `json:"scenario"`
	Name     string    `json:"name"` // tells it from other results of a file; results of one name are compared
	Did      string    `json:"did"`  // one sentence: what was done
	Command  string    `json:"command"`
	Started  time.Time `json:"started"`
	Seconds  float64   `json:"seconds"` // measured, without preparation and pauses
	Seed     uint64    `json:"seed"`

	// Complete is false when the run was cut short; Incomplete says why. What was measured until
	// then is in the result.
	Complete   bool   `json:"complete"`
	Incomplete string `json:"incomplete,omitempty"`

	Figures   []Figure       `json:"figures"`
	Latencies []Latency      `json:"latencies,omitempty"`
	Limits    []Limit        `json:"limits,omitempty"`
	Series    load.Series    `json:"series"`
	Failures  map[string]int `json:"failures"`
	Generator Generator      `json:"generator"`
	Machine   host.Machine   `json:"machine"`
	Targets   []string       `json:"targets"`
	Watched   []string       `json:"watched,omitempty"` // processes whose CPU and memory are in Series
}

// Figure is one number.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	// Better is "higher" or "lower"; empty for a number that only describes.
	Better string `json:"better,omitempty"`
	// Column is the one of the series whose windows are the figure's own; empty: it has no windows.
	Column string `json:"column,omitempty"`
}

// The values of Figure.Better.
const (
	Higher = "higher"
	Lower  = "lower"
)

// Limit is what the machine itself can do, measured in the same run, beside a figure of the result.
type Limit struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Of    string  `json:"of,omitempty"` // the figure that it stands beside
	Ratio float64 `json:"ratio,omitempty"`
}

// Beside adds a limit, and its ratio to a figure, or to a latency's median when of ends in " p50".
func (r *Result) Beside(of string, limit Limit) {
	var value float64
	if f := r.Figure(of); f != nil {
		value = f.Value
	} else if name, median := strings.CutSuffix(of, " p50"); median && r.Latency(name) != nil {
		value = r.Latency(name).P50
	} else {
		return
	}
	limit.Of = of
	if limit.Value > 0 {
		limit.Ratio = value / limit.Value
	}
	r.Limits = append(r.Limits, limit)
}

// Latency is the distribution of one kind of duration; milliseconds.
type Latency struct {
	Name  string  `json:"name"`
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	Min   float64 `json:"min_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
	// Corrected is, for a closed loop, what somebody would have seen who did not wait for the answer
	// before asking again.
	Corrected *Latency `json:"corrected,omitempty"`
	// Histogram is HdrHistogram's V2 form, of nanoseconds.
	Histogram *load.Histogram `json:"histogram,omitempty"`
}

// LatencyOf describes a histogram, and keeps it.
func LatencyOf(name string, h *load.Histogram) Latency {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return Latency{
		Name: name, Count: h.Count(), Mean: ms(h.Mean()), Min: ms(h.Min()), P50: ms(h.At(.5)), P90: ms(h.At(.9)),
		P99: ms(h.At(.99)), P999: ms(h.At(.999)), Max: ms(h.Max()), Histogram: h,
	}
}

// Generator is what the load generator did to the figures.
type Generator struct {
	// Limits are sentences; none when it was not the limit.
	Limits []string `json:"limits,omitempty"`
	// Cores are how many cores it used on average, MachineBusy which share of all cores was at work.
	Cores       float64 `json:"cores"`
	MachineBusy float64 `json:"machine_busy,omitempty"`
	LateP99     float64 `json:"late_p99_ms"` // how late operations began although a worker was free
	Begun       int     `json:"begun"`
	Waited      int     `json:"waited"` // due while all workers were busy
}

// Figure finds one by its name.
func (r *Result) Figure(name string) *Figure {
	for i := range r.Figures {
		if r.Figures[i].Name == name {
			return &r.Figures[i]
		}
	}
	return nil
}

// Latency finds one by its name.
func (r *Result) Latency(name string) *Latency {
	for i := range r.Latencies {
		if r.Latencies[i].Name == name {
			return &r.Latencies[i]
		}
	}
	return nil
}

// Encode writes results as a File.
func Encode(results []Result) ([]byte, error) {
	b, err := json.MarshalIndent(File{Version: Version, Results: results}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode results: %w", err)
	}
	return append(b, '\n'), nil
}

// EncodeCompact is Encode for files that nobody reads as text.
func EncodeCompact(results []Result) ([]byte, error) {
	b, err := json.Marshal(File{Version: Version, Results: results})
	if err != nil {
		return nil, fmt.Errorf("encode results: %w", err)
	}
	return append(b, '\n'), nil
}

// ErrNoReport is a file that holds no results of a version that this program reads.
var ErrNoReport = errors.New("not a file of `hotseat bench --json`")

// Read reads a File.
func Read(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrNoReport, err)
	}
	if f.Version != Version || len(f.Results) == 0 {
		return nil, fmt.Errorf("%s: version %d with %d results: %w", path, f.Version, len(f.Results), ErrNoReport)
	}
	return &f, nil
}
