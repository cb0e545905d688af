package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// plot is one drawing of the page, and its table.
type plot struct {
	Title   string       `json:"-"`
	Across  string       `json:"-"` // what the first column of the table is
	Summary string       `json:"-"` // for whoever does not see it
	JSON    template.JS  `json:"-"`
	Rows    [][]string   `json:"-"`
	Kind    string       `json:"kind"` // time or percentiles
	Unit    string       `json:"unit"`
	Log     bool         `json:"log"`
	Sync    string       `json:"sync"` // plots of one result move their cursors together
	X       load.Column  `json:"x"`
	Series  []plotSeries `json:"series"`
}

type plotSeries struct {
	Name   string      `json:"name"`
	Values load.Column `json:"values"`
	Colour int         `json:"colour"`
	Dashed bool        `json:"dashed,omitempty"`
}

// plotsOf are the drawings of one result; what was not measured has none.
func plotsOf(r *Result, number int) ([]plot, error) {
	var all []plot
	for i := range r.Latencies {
		if i < 2 {
			all = append(all, latencyOverTime(r, r.Latencies[i].Name))
		}
	}
	all = append(all, byPercentile(r), throughput(r))
	all = append(all,
		watched(r, "CPU", "cores", " cores"), watched(r, "Memory", "MB", " MB"),
		columns(r, "Open sockets", "sockets", "sockets"), columns(r, "Failures", "a window", "failures"))
	var drawn []plot
	for _, p := range all {
		if len(p.Series) == 0 || len(p.X) < 2 || p.Title == "Failures" && len(r.Failures) == 0 {
			continue
		}
		p.Sync = fmt.Sprintf("result-%d", number)
		p.Summary = p.summary()
		p.Rows = p.table()
		b, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode the plot %q: %w", p.Title, err)
		}
		p.JSON = template.JS(b)
		drawn = append(drawn, p)
	}
	return drawn, nil
}

func latencyOverTime(r *Result, name string) plot {
	p := plot{Title: "Latency over time: " + name, Across: "Second", Kind: "time", Unit: "ms", Log: true, X: r.Series.Seconds}
	for i, q := range []string{"p50", "p90", "p99", "max"} {
		if c, there := r.Series.Columns[name+" "+q]; there {
			p.Series = append(p.Series, plotSeries{Name: q, Values: positive(c), Colour: i, Dashed: q == "max"})
		}
	}
	return p
}

// positive leaves out what a logarithmic scale cannot show.
func positive(c load.Column) load.Column {
	c = slices.Clone(c)
	for i, v := range c {
		if v <= 0 {
			c[i] = math.NaN()
		}
	}
	return c
}

func throughput(r *Result) plot {
	p := plot{Title: "Throughput", Across: "Second", Kind: "time", Unit: "/s", X: r.Series.Seconds}
	for i, l := range r.Latencies {
		if c, there := r.Series.Columns[l.Name+" rate"]; there && l.Name != "notice" {
			p.Series = append(p.Series, plotSeries{Name: l.Name, Values: c, Colour: i % 6})
		}
	}
	return p
}

func watched(r *Result, title, unit, suffix string) plot {
	p := plot{Title: title, Across: "Second", Kind: "time", Unit: unit, X: r.Series.Seconds}
	for i, name := range r.Watched {
		if c, there := r.Series.Columns[name+suffix]; there {
			p.Series = append(p.Series, plotSeries{Name: name, Values: c, Colour: (3 + i) % 6})
		}
	}
	return p
}

func columns(r *Result, title, unit, name string) plot {
	p := plot{Title: title, Across: "Second", Kind: "time", Unit: unit, X: r.Series.Seconds}
	if c, there := r.Series.Columns[name]; there {
		p.Series = []plotSeries{{Name: name, Values: c, Colour: 4}}
	}
	return p
}

// The percentiles of a distribution's plot; across stands how many nines each is.
var shares = []float64{0, .1, .25, .5, .75, .9, .95, .98, .99, .995, .998, .999, .9995, .9999}

func byPercentile(r *Result) plot {
	p := plot{Title: "Latency by percentile", Across: "Percentile", Kind: "percentiles", Unit: "ms", Log: true}
	most := int64(0)
	for _, l := range r.Latencies {
		most = max(most, l.Count)
	}
	// A percentile that fewer operations than it takes would decide is not drawn.
	for _, q := range shares {
		if float64(most)*(1-q) >= 1 {
			p.X = append(p.X, -math.Log10(1-q))
		}
	}
	for i, l := range r.Latencies {
		if l.Histogram == nil {
			continue
		}
		s := plotSeries{Name: l.Name, Colour: i % 6}
		for _, q := range shares[:len(p.X)] {
			v := math.NaN()
			if float64(l.Count)*(1-q) >= 1 {
				v = float64(l.Histogram.At(q)) / 1e6
			}
			s.Values = append(s.Values, v)
		}
		s.Values = positive(s.Values)
		p.Series = append(p.Series, s)
	}
	return p
}

// summary says in words what the drawing shows.
func (p *plot) summary() string {
	var parts []string
	for _, s := range p.Series {
		seen := slices.DeleteFunc(slices.Clone(s.Values), math.IsNaN)
		if len(seen) == 0 {
			continue
		}
		slices.Sort(seen)
		parts = append(parts, fmt.Sprintf("%s from %s to %s, median %s %s", s.Name, Number(seen[0]), Number(seen[len(seen)-1]), Number(seen[len(seen)/2]), p.Unit))
	}
	return p.Title + ": " + strings.Join(parts, "; ")
}

func (p *plot) table() [][]string {
	var rows [][]string
	for i, x := range p.X {
		first := Number(x)
		if p.Kind == "percentiles" {
			first = fmt.Sprintf("%.6g %%", 100*shares[i])
		}
		row := []string{first}
		for _, s := range p.Series {
			row = append(row, Number(s.Values[i]))
		}
		rows = append(rows, row)
	}
	return rows
}
