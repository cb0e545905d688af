package verify

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// Promise is one of docs/GUARANTEES.md.
type Promise string

// The promises, and Register for what porcupine says about S1 to S4 together.
const (
	S1       Promise = "S1"
	S2       Promise = "S2"
	S3       Promise = "S3"
	S4       Promise = "S4"
	S5       Promise = "S5"
	L1       Promise = "L1"
	Register Promise = "register"
)

// Promises in the order of the report.
var Promises = []Promise{S1, S2, S3, S4, S5, L1, Register}

// mostShown bounds the violations that are kept of each promise; all are counted. The simplest are
// the ones that are kept.
const mostShown = 5

// Report says what was checked and what was found.
type Report struct {
	History    string         `json:"history"`
	Header     history.Header `json:"header"`
	Operations int64          `json:"operations"`
	Employees  int64          `json:"employees"`
	Sessions   int64          `json:"sessions"`
	Lasted     time.Duration  `json:"lasted_ns"`
	// Torn: the last line had no end and was left out.
	Torn   bool     `json:"torn"`
	Faults []string `json:"faults"` // in the order of their beginnings
	// Checked is how many of what each promise was held against. Without a line, a promise was not
	// checked at all.
	Checked map[Promise]map[string]int64 `json:"checked"`
	// Unchecked says of a promise that was kept what of it this history could not show.
	Unchecked map[Promise]string `json:"unchecked,omitempty"`
	// Violated counts all violations; Violations shows the simplest of each promise.
	Violated   map[Promise]int64 `json:"violated"`
	Violations []Violation       `json:"violations"`
	// Undecided is how many operations the linearizability check gave up on.
	Undecided int64 `json:"undecided"`

	OldestView     time.Duration `json:"oldest_view_ns"`     // greatest staleness that an accepting local answer stated
	LongestUnaware time.Duration `json:"longest_unaware_ns"` // of a socket whose session had ended, faults excepted
	LatencyAsked   bool          `json:"latency_asked"`
	Told           *Told         `json:"told,omitempty"`   // from asking for the login on
	Behind         *Told         `json:"behind,omitempty"` // from the login's own answer on
}

// Told are the latencies of notices.
type Told struct {
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p999_ns"`
	Worst time.Duration `json:"worst_ns"`
}

// Violation is a promise broken, and the smallest history that shows it.
type Violation struct {
	Promise  Promise     `json:"promise"`
	Employee session.Key `json:"employee"`
	Says     string      `json:"says"`
	History  []Line      `json:"history"`
}

// Line is an operation and where it stands.
type Line struct {
	Line      int64             `json:"line"`
	Operation history.Operation `json:"operation"`
}

func newReport(name string, h history.Header) *Report {
	return &Report{
		History: name, Header: h, Checked: map[Promise]map[string]int64{}, Violated: map[Promise]int64{},
		Faults: []string{}, Violations: []Violation{},
	}
}

// Clean reports that every promise held wherever it was checked, and that something was.
func (r *Report) Clean() bool { return len(r.Violated) == 0 && r.Undecided == 0 && len(r.Checked) > 0 }

func (r *Report) count(p Promise, what string, n int64) {
	if r.Checked[p] == nil {
		r.Checked[p] = map[string]int64{}
	}
	r.Checked[p][what] += n
}

func (r *Report) mark(o *history.Operation) {
	const most = 100
	if o.Phase == history.Begin && len(r.Faults) < most {
		r.Faults = append(r.Faults, fmt.Sprintf("%s at %s", o.Fault, clock(o.Start)))
	}
}

func (r *Report) violated(p Promise, employee session.Key, says string, shown []*operation) {
	r.Violated[p]++
	v := Violation{Promise: p, Employee: employee, Says: says}
	for _, o := range shown {
		line := Line{o.Line, o.Operation}
		if !slices.ContainsFunc(v.History, func(l Line) bool { return l.Line == line.Line }) {
			v.History = append(v.History, line)
		}
	}
	slices.SortFunc(v.History, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Operation.Start, b.Operation.Start), cmp.Compare(a.Line, b.Line))
	})
	r.Violations = append(r.Violations, v)
	if len(r.Violations) > 4*mostShown*len(Promises) {
		r.finish()
	}
}

// finish keeps the simplest violations of each promise.
func (r *Report) finish() {
	slices.SortStableFunc(r.Violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(slices.Index(Promises, a.Promise), slices.Index(Promises, b.Promise)),
			cmp.Compare(len(a.History), len(b.History)), cmp.Compare(a.History[0].Line, b.History[0].Line))
	})
	kept := map[Promise]int{}
	r.Violations = slices.DeleteFunc(r.Violations, func(v Violation) bool {
		kept[v.Promise]++
		return kept[v.Promise] > mostShown
	})
}

// leftOpen notes what no operation of the history could have shown.
func (r *Report) leftOpen() {
	r.Unchecked = map[Promise]string{}
	if r.Checked[S2] != nil && r.Checked[S2][endedRefused] == 0 {
		r.Unchecked[S2] = "no ended token was tried"
	}
	if r.Checked[S3] != nil && !r.Header.Complete && !r.Header.Alone {
		r.Unchecked[S3] = "whether a login was lost was not checked: others may have ended sessions too"
	}
}

// clock writes an instant as time since the history began.
func clock(t history.Instant) string { return time.Duration(t).Round(time.Microsecond).String() }
