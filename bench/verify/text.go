package verify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
)

var sentences = map[Promise]string{
	S1:       "never more active sessions than allowed",
	S2:       "an ended token is refused",
	S3:       "a login answered 200 is there, once",
	S4:       "epochs only grow, sockets learn of it",
	S5:       "events in order, none missing",
	L1:       "the older terminal is told in 50 ms",
	Register: "one order explains all answers",
}

// WriteText writes the report for people: what was checked, then what was found.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d operations of %d employees (%d sessions) in %s\n", r.History, r.Operations, r.Employees, r.Sessions, r.Lasted.Round(time.Millisecond))
	if r.Header.Command != "" {
		fmt.Fprintf(&b, "recorded by: %s\n", r.Header.Command)
	}
	if r.Torn {
		b.WriteString("its last line has no end and was left out: whoever recorded was killed, or still records\n")
	}
	if len(r.Faults) > 0 {
		fmt.Fprintf(&b, "faults: %s\n", strings.Join(r.Faults, ", "))
	}
	b.WriteByte('\n')
	for _, p := range Promises {
		r.writePromise(&b, p)
	}
	r.writeExtremes(&b)
	for _, v := range r.Violations {
		v.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writePromise(b *strings.Builder, p Promise) {
	verdict := "kept"
	switch {
	case r.Violated[p] > 0:
		verdict = fmt.Sprintf("BROKEN %d times", r.Violated[p])
	case len(r.Checked[p]) == 0:
		verdict = "not checked: nothing in this history tells"
		if p == L1 && !r.LatencyAsked {
			verdict = "not asked for"
		}
	case p == Register && r.Undecided > 0:
		verdict = fmt.Sprintf("undecided for %d operations", r.Undecided)
	case r.Unchecked[p] != "":
		verdict = "kept, but " + r.Unchecked[p]
	}
	counts := make([]string, 0, len(r.Checked[p]))
	for what, n := range r.Checked[p] {
		counts = append(counts, fmt.Sprintf("%d %s", n, what))
	}
	slices.SortFunc(counts, func(a, b string) int { return cmp.Compare(wordsOf(a), wordsOf(b)) })
	fmt.Fprintf(b, "%-9s%-42s%s", p, sentences[p], verdict)
	if len(counts) > 0 {
		fmt.Fprintf(b, "\n         %s", strings.Join(counts, ", "))
	}
	b.WriteByte('\n')
}

func wordsOf(count string) string { return strings.TrimLeft(count, "0123456789 ") }

func (r *Report) writeExtremes(b *strings.Builder) {
	if r.OldestView > 0 || r.LongestUnaware > 0 {
		fmt.Fprintf(b, "\noldest view that let a token pass: %s; longest unaware socket, faults excepted: %s\n", r.OldestView, r.LongestUnaware.Round(time.Microsecond))
	}
	if r.Told != nil {
		r.Told.write(b, "from asking for the login on")
		r.Behind.write(b, "from the login's own answer on")
	}
}

func (t *Told) write(b *strings.Builder, since string) {
	fmt.Fprintf(b, "told after: p50 %s, p90 %s, p99 %s, p99.9 %s, worst %s (%s)\n", t.P50, t.P90, t.P99, t.P999, t.Worst.Round(time.Microsecond), since)
}

func (v *Violation) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s broken for %s: %s\n", v.Promise, v.Employee, v.Says)
	for _, l := range v.History {
		fmt.Fprintf(b, "  line %-8d %12s – %-12s %s\n", l.Line, clock(l.Operation.Start), clock(l.Operation.End), fields(&l.Operation))
	}
}

// fields writes what an operation says besides its times and its employee.
func fields(o *history.Operation) string {
	short := *o
	short.Employee, short.Start, short.End = "", 0, 0
	text, err := json.Marshal(&short)
	if err != nil {
		return err.Error()
	}
	var said []string
	for _, field := range strings.Split(strings.Trim(string(text), "{}"), `,"`) {
		name, value, _ := strings.Cut(strings.TrimPrefix(field, `"`), `":`)
		switch {
		case name == "op":
			said = append(said, strings.Trim(value, `"`))
		case name != "start" && name != "end":
			said = append(said, name+"="+strings.ReplaceAll(value, `"`, ""))
		}
	}
	return strings.Join(said, " ")
}
