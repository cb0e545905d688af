package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/bench/report"
)

// The tables stand between these lines; the words around them are written by people, and so is the
// last column of the targets.
const (
	tablesBegin = "<!-- bench: written by make bench -->\n"
	tablesEnd   = "<!-- bench: end -->\n"
)

// rewrite puts the tables into the document, between their marks.
func (s *suite) rewrite(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, begun := bytes.Cut(text, []byte(tablesBegin))
	old, tail, ended := bytes.Cut(rest, []byte(tablesEnd))
	if !begun || !ended {
		return fmt.Errorf("%s has no lines %q and %q to write between", file, tablesBegin, tablesEnd)
	}
	tables := s.tables(reasons(string(old)))
	return os.WriteFile(file, bytes.Join([][]byte{head, []byte(tablesBegin), tables, []byte(tablesEnd), tail}, nil), 0o644)
}

// reason is why a figure is as it is. It was written beside a verdict, and says nothing of another.
type reason struct{ verdict, why string }

// reasons are the last columns of the targets' rows, by figure.
func reasons(text string) map[string]reason {
	found := map[string]reason{}
	for _, line := range strings.Split(text, "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if strings.HasPrefix(line, "| ") && len(cells) == 5 {
			found[strings.TrimSpace(cells[0])] = reason{strings.TrimSpace(cells[3]), strings.TrimSpace(cells[4])}
		}
	}
	return found
}

func (s *suite) tables(old map[string]reason) []byte {
	var b bytes.Buffer
	for _, f := range s.others.failed {
		f, _, _ = strings.Cut(f, "\n")
		fmt.Fprintf(&b, "**Not measured:** %s\n\n", f)
	}
	s.takeoverTables(&b)
	if s.takeoversOnly {
		return b.Bytes()
	}
	b.WriteString("\n### What it must reach\n\n| figure | must reach | measured | | why |\n|---|---|---|---|---|\n")
	for i := range targets {
		t := &targets[i]
		b.WriteString(t.row(s, old[t.figure]))
	}
	s.latencyTable(&b)
	s.limitTable(&b)
	s.clusterTable(&b)
	for _, o := range s.others.texts {
		fmt.Fprintf(&b, "\n`%s`:\n\n```\n%s\n```\n", o.command, o.text)
	}
	return b.Bytes()
}

// takeoverTables are for both stores what a takeover costs, and how long it takes.
func (s *suite) takeoverTables(b *bytes.Buffer) {
	m := s.result("embedded: 256 takeovers in flight").Machine
	fmt.Fprintf(b, "%d cores%s, shared by program, database and load. The whole run took %s. %d employees, each with an open tab; 256 logins in flight.\n\n",
		m.Cores, orNothing(m.CPU), s.took.Round(time.Second), s.employees)
	b.WriteString("| store | takeovers/s | CPU s per 1000, app | CPU s per 1000, database | CPU s per 1000, load | RSS of the app, MB |\n|---|---|---|---|---|---|\n")
	for _, store := range []string{"postgres", "embedded"} {
		r := s.result(store + ": 256 takeovers in flight")
		cell := func(name string) string {
			switch f := r.Figure(name); {
			case f != nil:
				return report.Number(f.Value)
			case len(r.Figures) == 0:
				return "–"
			}
			return "in the app"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", store, cell("takeovers/s"), cell("CPU of the server per 1000 takeovers"),
			cell("CPU of the database per 1000 takeovers"), cell("CPU of the client per 1000 takeovers"), cell("memory of the server"))
	}
	s.noticeTable(b)
}

// noticeTable is how long one takeover takes, beside a commit and beside the least program.
func (s *suite) noticeTable(b *bytes.Buffer) {
	b.WriteString("\nFrom the start of the login's request to the frame read by the older tab, in milliseconds:\n\n")
	b.WriteString("| store | notice p50 / p99, one login in flight | one durable commit p50 / p99 | notice over commit p50 / p99 | the same of the least program | notice p50 / p99, 64 in flight |\n|---|---|---|---|---|---|\n")
	for _, store := range []string{"postgres", "embedded"} {
		one, crowd := s.result(store+": "+lone), s.result(store+": 64 takeovers in flight")
		notice, commit, many := one.Latency("notice"), one.Latency(oneCommit), crowd.Latency("notice")
		if notice == nil || commit == nil || many == nil {
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", store, pair(notice), pair(commit), over(notice, commit),
			over(one.Latency(leastNotice), one.Latency(leastCommit)), pair(many))
	}
}

func orNothing(text string) string {
	if text == "" {
		return ""
	}
	return ", " + text
}

func pair(l *report.Latency) string {
	return report.Number(l.P50) + " / " + report.Number(l.P99)
}

// over is what both would have to be for a ratio: measured.
func over(a, b *report.Latency) string {
	if a == nil || b == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f / %.2f", a.P50/b.P50, a.P99/b.P99)
}

// latencyTable has every scenario's operations.
func (s *suite) latencyTable(b *bytes.Buffer) {
	b.WriteString("\n### Every scenario\n\nMilliseconds. At a rate, and in a day at work, the time counts from when an operation was due.\n\n")
	b.WriteString("| scenario | operation | a second | p50 | p90 | p99 | p99.9 | max |\n|---|---|---|---|---|---|---|---|\n")
	for i := range s.results {
		r := &s.results[i]
		name := r.Name
		if !r.Complete {
			name += " (**not complete**)"
		}
		for j := range r.Latencies {
			l := &r.Latencies[j]
			rate := "–"
			if r.Seconds > 0 && !slices.Contains(inTurns, l.Name) {
				rate = report.Number(float64(l.Count) / r.Seconds)
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", name, l.Name, rate,
				report.Number(l.P50), report.Number(l.P90), report.Number(l.P99), report.Number(l.P999), report.Number(l.Max))
			name = ""
		}
	}
}

// limitTable has what the machine can do, beside what the program does.
func (s *suite) limitTable(b *bytes.Buffer) {
	b.WriteString("\n### Beside what the machine can do\n\n| scenario | figure | limit, same run | ratio |\n|---|---|---|---|\n")
	for i := range s.results {
		r := &s.results[i]
		for _, l := range r.Limits {
			fmt.Fprintf(b, "| %s | %s | %s: %s %s | %.2f × |\n", r.Name, l.Of, l.Name, report.Number(l.Value), l.Unit, l.Ratio)
		}
	}
}

// clusterTable is what the death of a node cost.
func (s *suite) clusterTable(b *bytes.Buffer) {
	r := s.result("three nodes: a node is killed")
	if len(r.Figures) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### A node is killed\n\n%s\n\n| figure | value |\n|---|---|\n", strings.Split(r.Did, ";")[0]+" one of three is killed with SIGKILL.")
	for _, name := range []string{"longest time without a login", "slowest login after the kill", "sockets lost", "failures"} {
		if f := r.Figure(name); f != nil {
			fmt.Fprintf(b, "| %s | %s |\n", name, f.Text())
		}
	}
	if l := r.Latency("socket back"); l != nil {
		fmt.Fprintf(b, "| lost sockets back, p50 / max | %s / %s ms |\n", report.Number(l.P50), report.Number(l.Max))
	}
}
