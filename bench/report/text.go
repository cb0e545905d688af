package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Text writes a result for a terminal.
func Text(out io.Writer, r *Result) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n", r.Did)
	fmt.Fprintf(w, "%.1f s measured; %s; seed %d\n", r.Seconds, machine(r), r.Seed)
	if !r.Complete {
		fmt.Fprintf(w, "NOT COMPLETE: %s\n", r.Incomplete)
	}
	fmt.Fprintln(w)
	for i := range r.Figures {
		f := &r.Figures[i]
		fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Text())
	}
	if len(r.Limits) > 0 {
		fmt.Fprintf(w, "\nlimits of the machine, same run\n")
	}
	for _, l := range r.Limits {
		fmt.Fprintf(w, "%s\t%s\t%s is %s of it\n", l.Name, strings.TrimSpace(Number(l.Value)+" "+l.Unit), l.Of, percent(l.Ratio))
	}
	if len(r.Latencies) > 0 {
		fmt.Fprintf(w, "\nlatency, ms\tcount\tp50\tp90\tp99\tp99.9\tmax\n")
	}
	for i := range r.Latencies {
		latencyLine(w, &r.Latencies[i])
		if c := r.Latencies[i].Corrected; c != nil {
			latencyLine(w, c)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Failures)) {
		fmt.Fprintf(w, "\nfailed: %d × %s", r.Failures[kind], kind)
	}
	if len(r.Failures) > 0 {
		fmt.Fprintln(w)
	}
	for _, limit := range r.Generator.Limits {
		fmt.Fprintf(w, "\nNote: %s\n", limit)
	}
	return w.Flush()
}

func latencyLine(w io.Writer, l *Latency) {
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", l.Name, l.Count, Number(l.P50), Number(l.P90), Number(l.P99), Number(l.P999), Number(l.Max))
}

func machine(r *Result) string {
	m := r.Machine
	parts := []string{fmt.Sprintf("%d cores", m.Cores)}
	if m.CPU != "" {
		parts = append(parts, m.CPU)
	}
	if m.Memory > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GiB", float64(m.Memory)/(1<<30)))
	}
	return strings.Join(append(parts, m.OS, m.Go), ", ")
}

// Text is the value with its unit.
func (f *Figure) Text() string { return strings.TrimSpace(Number(f.Value) + " " + f.Unit) }

func percent(ratio float64) string {
	if ratio >= 10 {
		return Number(ratio) + " ×"
	}
	return fmt.Sprintf("%.0f %%", 100*ratio)
}

// Number has three digits that say something, and thousands set apart.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case v == math.Trunc(v) && a < 1000:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return thousands(int64(math.Round(v)))
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
