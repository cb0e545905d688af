package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// Comparison is one number of two results of one name.
type Comparison struct {
	Result string  `json:"result"`
	Name   string  `json:"name"`
	Unit   string  `json:"unit,omitempty"`
	Better string  `json:"better,omitempty"`
	A      float64 `json:"a"`
	B      float64 `json:"b"`
	Ratio  float64 `json:"ratio"` // B over A
	// Windows are how many windows of each run the confidence is from; 0: there is one value each,
	// and nothing can be said. Low to High is where the ratio of the windows' means lies with 95 %
	// confidence, and P the probability that windows of equal runs differ as much.
	Windows [2]int  `json:"windows"`
	Low     float64 `json:"low,omitempty"`
	High    float64 `json:"high,omitempty"`
	P       float64 `json:"p,omitempty"`
}

// Differs reports whether the difference is more than the windows' own noise.
func (c *Comparison) Differs() bool {
	return c.Windows[0] > 0 && c.P < .05 && (c.Low > 1 || c.High < 1)
}

// ErrNothingInCommon: no result of one file has the name of one in the other.
var ErrNothingInCommon = errors.New("the two files have no scenario in common")

// Compare puts results of the same name beside each other.
func Compare(a, b *File) ([]Comparison, error) {
	var all []Comparison
	for i := range a.Results {
		x := &a.Results[i]
		at := slices.IndexFunc(b.Results, func(r Result) bool { return r.Name == x.Name })
		if at < 0 {
			continue
		}
		all = append(all, compare(x, &b.Results[at])...)
	}
	if len(all) == 0 {
		return nil, ErrNothingInCommon
	}
	return all, nil
}

func compare(a, b *Result) (all []Comparison) {
	for i := range a.Figures {
		f := &a.Figures[i]
		if g := b.Figure(f.Name); g != nil {
			all = append(all, comparison(a, b, Comparison{Name: f.Name, Unit: f.Unit, Better: f.Better, A: f.Value, B: g.Value}, f.Column))
		}
	}
	for i := range a.Latencies {
		l := &a.Latencies[i]
		m := b.Latency(l.Name)
		if m == nil {
			continue
		}
		for _, q := range []struct {
			name string
			a, b float64
		}{{" p50", l.P50, m.P50}, {" p99", l.P99, m.P99}} {
			all = append(all, comparison(a, b, Comparison{Name: l.Name + q.name, Unit: "ms", Better: Lower, A: q.a, B: q.b}, l.Name+q.name))
		}
	}
	return all
}

// comparison adds what the windows of a column say.
func comparison(a, b *Result, c Comparison, column string) Comparison {
	c.Result = a.Name
	if c.A != 0 {
		c.Ratio = c.B / c.A
	}
	if column == "" {
		return c
	}
	x, y := known(a.Series.Columns[column]), known(b.Series.Columns[column])
	if len(x) < 3 || len(y) < 3 {
		return c
	}
	c.Windows = [2]int{len(x), len(y)}
	c.P = mannWhitney(x, y)
	c.Low, c.High = ratioInterval(x, y, 1)
	return c
}

func known(c load.Column) []float64 {
	return slices.DeleteFunc(slices.Clone([]float64(c)), math.IsNaN)
}

// CompareText writes comparisons for a terminal, with the names of the two files.
func CompareText(out io.Writer, all []Comparison, a, b string) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	result := ""
	for i := range all {
		c := &all[i]
		if c.Result != result {
			result = c.Result
			fmt.Fprintf(w, "%s\t%s\t%s\tratio\t95 %% of it\t\n", result, a, b)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", c.Name, value(c.A, c.Unit), value(c.B, c.Unit), ratioText(c), c.interval(), c.verdict())
	}
	fmt.Fprintln(w, "\n~ is no difference beyond the noise of the runs' own windows (Mann-Whitney, p ≥ 0.05, or the interval holds 1).")
	fmt.Fprintln(w, "Two runs at different times may differ by more than that: compare runs of one machine, in turns.")
	return w.Flush()
}

func value(v float64, unit string) string { return strings.TrimSpace(Number(v) + " " + unit) }

func ratioText(c *Comparison) string {
	if c.Ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", c.Ratio)
}

func (c *Comparison) interval() string {
	if c.Windows[0] == 0 {
		return "one value each"
	}
	return fmt.Sprintf("%.3f–%.3f, n=%d+%d", c.Low, c.High, c.Windows[0], c.Windows[1])
}

func (c *Comparison) verdict() string {
	switch {
	case c.Windows[0] == 0:
		return ""
	case !c.Differs():
		return fmt.Sprintf("~ p=%.3f", c.P)
	case (c.Ratio > 1) == (c.Better == Higher):
		return fmt.Sprintf("better p=%.3f", c.P)
	}
	return fmt.Sprintf("worse p=%.3f", c.P)
}
