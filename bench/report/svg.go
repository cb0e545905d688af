package report

import (
	"bytes"
	"fmt"
	"html"
	"math"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// Drawing is a plot of lines as SVG, for documents; its colours follow the reader's.
type Drawing struct {
	Title, Unit, Across string
	Log                 bool // of the values
	nines               bool // x counts nines
	lines               []line
}

type line struct {
	name string
	x, y load.Column
}

// Line adds one; NaN is a gap.
func (d *Drawing) Line(name string, x, y load.Column) {
	if len(x) == len(y) && len(x) > 1 {
		d.lines = append(d.lines, line{name, x, y})
	}
}

// Percentiles adds a distribution.
func (d *Drawing) Percentiles(name string, l *Latency) {
	if l.Histogram == nil {
		return
	}
	d.nines = true
	var x, y load.Column
	for _, q := range shares {
		if float64(l.Count)*(1-q) >= 1 {
			x, y = append(x, -math.Log10(1-q)), append(y, float64(l.Histogram.At(q))/1e6)
		}
	}
	d.Line(name, x, y)
}

// The drawing's measures: a frame with room for the axes, and a line of the legend for each line.
const (
	svgWidth, svgHeight = 760.0, 340.0
	svgLeft, svgRight   = 58.0, 16.0
	svgTop, svgBottom   = 44.0, 42.0
	svgLegend           = 20.0
	svgStyle            = `text{font:13px system-ui,sans-serif;fill:#3f3a34}.t{font-size:15px;font-weight:600}.g{stroke:#d9d2c6;stroke-width:1}path{fill:none;stroke-width:2;stroke-linejoin:round}`
	svgDark             = `@media(prefers-color-scheme:dark){text{fill:#d6d2ca}.g{stroke:#3a3d45}}`
)

// svgColours are told apart on light and dark paper, and by those who confuse red and green.
var svgColours = []string{"#3b7dc4", "#c2631b", "#168a7c", "#8b62c9", "#c24a63", "#6f8f16"}

// SVG draws everything that was added.
func (d *Drawing) SVG() []byte {
	var b bytes.Buffer
	height := svgHeight + svgLegend*float64(len(d.lines))
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-labelledby="t"><title id="t">%s</title><style>%s%s</style>`+"\n",
		svgWidth, height, html.EscapeString(d.Title), svgStyle, svgDark)
	fmt.Fprintf(&b, `<text class="t" x="%g" y="22">%s, %s</text>`+"\n", svgLeft, html.EscapeString(d.Title), html.EscapeString(d.Unit))
	x, y := d.scales()
	for _, at := range y.ticks {
		fmt.Fprintf(&b, `<path class="g" d="M%g %.1fH%g"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n",
			svgLeft, y.place(at), svgWidth-svgRight, svgLeft-8, y.place(at)+4, Number(at))
	}
	for _, at := range x.ticks {
		fmt.Fprintf(&b, `<text x="%.1f" y="%g" text-anchor="middle">%s</text>`+"\n", x.place(at), svgHeight-svgBottom+18, d.across(at))
	}
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="end">%s</text>`+"\n", svgWidth-svgRight, svgHeight-svgBottom+36, html.EscapeString(d.Across))
	for i, l := range d.lines {
		colour := svgColours[i%len(svgColours)]
		fmt.Fprintf(&b, `<path stroke="%s" d="%s"/>`+"\n", colour, l.path(x, y))
		at := svgHeight + svgLegend*float64(i)
		fmt.Fprintf(&b, `<path stroke="%s" d="M%g %gh22"/><text x="%g" y="%g">%s</text>`+"\n", colour, svgLeft, at, svgLeft+30, at+4, html.EscapeString(l.name))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (d *Drawing) across(at float64) string {
	if !d.nines {
		return Number(at)
	}
	return fmt.Sprintf("%.6g %%", 100*(1-math.Pow(10, -at)))
}

// scale turns values into places.
type scale struct {
	low, high, from, to float64
	log                 bool
	ticks               []float64
}

func (s *scale) place(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	return s.from + (v-low)/(high-low)*(s.to-s.from)
}

func (d *Drawing) scales() (x, y scale) {
	x = scale{low: math.Inf(1), high: math.Inf(-1), from: svgLeft, to: svgWidth - svgRight}
	y = scale{low: math.Inf(1), high: math.Inf(-1), from: svgHeight - svgBottom, to: svgTop, log: d.Log}
	for _, l := range d.lines {
		for i, v := range l.y {
			if math.IsNaN(v) || d.Log && v <= 0 {
				continue
			}
			x.low, x.high = min(x.low, l.x[i]), max(x.high, l.x[i])
			y.low, y.high = min(y.low, v), max(y.high, v)
		}
	}
	if math.IsInf(x.low, 1) { // nothing to draw
		x.low, x.high, y.low, y.high = 0, 1, 1, 10
	}
	if d.nines {
		x.low = 0
		for nines := 0.0; nines <= x.high; nines++ {
			x.ticks = append(x.ticks, nines)
		}
	} else {
		x.ticks = even(x.low, x.high)
	}
	if d.Log {
		y.low, y.high = math.Pow(10, math.Floor(math.Log10(y.low))), math.Pow(10, math.Ceil(math.Log10(y.high*1.0001)))
		for v := y.low; v <= y.high*1.0001; v *= 10 {
			y.ticks = append(y.ticks, v)
		}
	} else {
		y.low, y.high = 0, max(y.high*1.05, 1e-9)
		y.ticks = even(0, y.high)
	}
	if x.low == x.high {
		x.high++
	}
	return x, y
}

// even are some four to eight round numbers.
func even(low, high float64) (ticks []float64) {
	step := math.Pow(10, math.Floor(math.Log10(max(high-low, 1e-9))))
	switch n := (high - low) / step; {
	case n < 2:
		step /= 5
	case n < 4:
		step /= 2
	}
	for at := math.Ceil(low/step) * step; at <= high; at += step {
		ticks = append(ticks, at)
	}
	return ticks
}

func (l *line) path(x, y scale) string {
	var b bytes.Buffer
	pen := "M"
	for i, v := range l.y {
		if math.IsNaN(v) || y.log && v <= 0 {
			pen = "M"
			continue
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, x.place(l.x[i]), y.place(v))
		pen = "L"
	}
	return b.String()
}
