package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

// The page's parts. uPlot is the program as its authors built it, with its licence beside it; it is
// in every page, so that a page can be looked at anywhere and for ever.
var (
	//go:embed page/report.html
	pageHTML string
	//go:embed page/report.css
	pageCSS string
	//go:embed page/report.js
	pageJS string
	//go:embed uplot/uPlot.iife.min.js
	uplotJS string
	//go:embed uplot/uPlot.min.css
	uplotCSS string
)

var page = template.Must(template.New("report").Funcs(template.FuncMap{"number": Number, "percent": percent}).Parse(pageHTML))

// onPage is one result as the page shows it.
type onPage struct {
	ID, Heading string
	R           *Result
	Tiles       []tile
	Plots       []plot
	Environment [][2]string
}

// tile is a figure that is shown large.
type tile struct{ Name, Value, Unit, Of string }

// HTML is one page that needs no network.
func HTML(results []Result) ([]byte, error) {
	var shown []onPage
	for i := range results {
		r := &results[i]
		plots, err := plotsOf(r, i)
		if err != nil {
			return nil, err
		}
		shown = append(shown, onPage{
			ID: fmt.Sprintf("r%d", i+1), Heading: r.Name, R: r, Tiles: tilesOf(r), Plots: plots, Environment: environmentOf(r),
		})
	}
	var b bytes.Buffer
	err := page.Execute(&b, map[string]any{
		"Title": title(results), "Lead": lead(results), "Results": shown,
		"CSS": template.CSS(pageCSS), "UPlotCSS": template.CSS(uplotCSS), "JS": template.JS(pageJS), "UPlot": template.JS(uplotJS),
	})
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return b.Bytes(), nil
}

func title(results []Result) string {
	if len(results) == 1 {
		return strings.ToUpper(results[0].Name[:1]) + results[0].Name[1:] + ", measured"
	}
	return fmt.Sprintf("%d scenarios, measured", len(results))
}

func lead(results []Result) string {
	r := &results[0]
	return fmt.Sprintf("%s. %s.", r.Started.UTC().Format("2 January 2006, 15:04 UTC"), machine(r))
}

// mostTiles is how many figures are shown large.
const mostTiles = 5

// tilesOf are the figure that the scenario is about, the latencies, and what it cost the server.
func tilesOf(r *Result) (tiles []tile) {
	figure := func(f *Figure) {
		t := tile{Name: f.Name, Value: Number(f.Value), Unit: f.Unit}
		for _, l := range r.Limits {
			if l.Of == f.Name {
				t.Of = percent(l.Ratio) + " of " + l.Name
				break
			}
		}
		tiles = append(tiles, t)
	}
	if len(r.Figures) > 0 {
		figure(&r.Figures[0])
	}
	for i := range r.Latencies {
		l := &r.Latencies[i]
		if len(tiles) < mostTiles-2 {
			tiles = append(tiles, tile{Name: l.Name + ", p50 / p99", Value: Number(l.P50) + " / " + Number(l.P99), Unit: "ms"})
		}
	}
	for i := 1; i < len(r.Figures) && len(tiles) < mostTiles-1; i++ {
		if strings.Contains(r.Figures[i].Name, "server") || i < 3 && r.Scenario == "failover" {
			figure(&r.Figures[i])
		}
	}
	if f := r.Figure("failures"); f != nil {
		figure(f)
	}
	return tiles
}

func environmentOf(r *Result) [][2]string {
	m := r.Machine
	all := [][2]string{
		{"Targets", strings.Join(r.Targets, ", ")},
		{"Machine", machine(r)},
		{"Kernel", m.Kernel},
		{"Measured", fmt.Sprintf("%s s, from %s", Number(r.Seconds), r.Started.UTC().Format("2006-01-02 15:04:05 UTC"))},
		{"Seed", fmt.Sprint(r.Seed)},
		{"Load generator", fmt.Sprintf("%s cores; the machine was %s busy; operations began %s ms late (p99) at a free worker; %d of %d waited for a worker",
			Number(r.Generator.Cores), percent(r.Generator.MachineBusy), Number(r.Generator.LateP99), r.Generator.Waited, r.Generator.Begun)},
	}
	if len(r.Watched) > 0 {
		all = append(all, [2]string{"Watched processes", strings.Join(r.Watched, ", ")})
	}
	return all
}
