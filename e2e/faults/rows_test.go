package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

// row is one fault of the table: what is injected, and the promises that it attacks. One goroutine
// uses it.
type row struct {
	t        *testing.T
	number   string
	fault    string
	promises []verify.Promise
	path     string
	notes    *history.Recorder
	crowd    *crowd
	guests   *crowd // nil when only the crowd is there
	// guestBeat is of the guests' tabs; zero: the usual.
	guestBeat time.Duration
	listens   bool
	started   sync.Map      // session ids that a started event told of
	expired   sync.Map      // ids of the expired events
	healed    time.Duration // from the fault's end to the next login, when that was measured
	idle      bool          // nothing else keeps the machine busy: L1 is asked for to the letter
}

// judged are the rows so far, for the table at the end.
var judged struct {
	mu   sync.Mutex
	rows []string
}

// attack begins a row beside others.
func attack(t *testing.T, number, fault string, promises ...verify.Promise) *row {
	t.Helper()
	t.Parallel()
	return begin(t, number, fault, promises...)
}

// begin begins a row: the history is complete, because nobody else commands these employees.
func begin(t *testing.T, number, fault string, promises ...verify.Promise) *row {
	t.Helper()
	r := &row{t: t, number: number, fault: fault, promises: promises, path: filepath.Join(t.TempDir(), "history.jsonl")}
	var err error
	r.notes, err = history.Create(r.path, history.Header{Command: "fault " + number + ": " + fault, Complete: true})
	require.NoError(t, err)
	return r
}

// start adds a node whose events the row notes.
func (r *row) start(s *site, program string, args ...string) *node {
	r.t.Helper()
	n := s.prepare(program, args...)
	r.listen(n)
	n.start()
	n.awaitReady()
	return n
}

// seated waits until the person has so many sockets that were greeted.
func (r *row) seated(p *person, sockets int64) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return p.seated.Load() >= sockets }, patience, time.Millisecond, "%s has no socket", p.id)
}

// people starts a crowd against the nodes.
func (r *row) people(n int, pace time.Duration, nodes ...*node) *crowd {
	r.crowd = newCrowd(r.t, r.notes, n, pace, nodes...).begin()
	return r.crowd
}

// busy waits until so many more logins were answered.
func (r *row) busy(logins int64) {
	r.t.Helper()
	want := r.crowd.answer.Load() + logins
	require.Eventually(r.t, func() bool { return r.crowd.answer.Load() >= want }, patience, time.Millisecond, "the crowd does not get on")
}

// begin marks the beginning of what does not count against a healthy site, over its end.
func (r *row) begin() { r.mark(history.Begin) }
func (r *row) over()  { r.mark(history.Over) }

func (r *row) mark(p history.Phase) {
	r.notes.Record(history.Operation{Kind: history.Mark, Fault: r.fault, Phase: p, Start: r.notes.Now()})
}

// recovered lets the cluster settle after the fault, and the crowd log in so many times more and be told of it:
// what they see counts for L1 again. On a busy machine few of the first logins had been begun by then.
func (r *row) recovered(logins int64) {
	r.t.Helper()
	time.Sleep(verify.Settled)
	r.busy(logins)
	want := r.crowd.told(r.crowd.people) + 2*fewNotices
	require.Eventually(r.t, func() bool { return r.crowd.told(r.crowd.people) >= want }, patience, time.Millisecond, "nobody is told any more")
}

// fewNotices show nothing of L1.
const fewNotices = 10

// heals is L2: from now on, logins succeed within the given time, of each node's employees at each of
// the nodes.
func (r *row) heals(within time.Duration, nodes ...*node) {
	r.t.Helper()
	require.False(r.t, r.healsLate(within, nodes...), "L2: %s from the fault's end to the last of %d logins", r.healed, strangers)
}

// healsLate reports whether it takes longer, by more than the machine may be the cause of: a process that stands
// still, and what the same logins take once the fault is over.
func (r *row) healsLate(within time.Duration, nodes ...*node) bool {
	r.healed = r.healing(nodes...)
	return r.healed > within && r.healed > within+standstill()+r.healing(nodes...)
}

// strangers are so many that every node owns some of them, those that are broken above all.
const strangers = 30

// healing is how long it takes until as many employees as there are strangers have logged in at the
// nodes. They are the row's own, so that a login needs nothing but the store and the cluster.
func (r *row) healing(nodes ...*node) time.Duration {
	from := time.Now()
	var everybody sync.WaitGroup
	for i := range strangers {
		everybody.Go(func() {
			p := &person{id: session.Key(fmt.Sprintf("stranger-%d", i))}
			for time.Since(from) < patience {
				a := &attempt{terminal: "till", key: fmt.Sprintf("heal-%d-%d", i, time.Now().UnixNano())}
				if r.crowd.try(p, a, nodes[i%len(nodes)].url) {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	everybody.Wait()
	return time.Since(from)
}

// judge lets the crowd ask for everything once more, and checks what it saw.
func (r *row) judge() *verify.Report {
	r.t.Helper()
	r.crowd.settle()
	r.informed()
	r.crowd.leave()
	if r.guests != nil {
		r.guests.leave()
	}
	return r.verdict()
}

// informed waits for the events, and until every ended session's socket has had its time: the checker counts
// what stayed unaware up to the history's end.
func (r *row) informed() {
	r.t.Helper()
	r.sawEvents()
	r.crowd.awaitTold()
	r.notes.Record(history.Operation{Kind: history.Mark, Fault: "the end", Phase: history.Over, Start: r.notes.Now()})
}

func (r *row) verdict() *verify.Report {
	r.t.Helper()
	report := r.check()
	if !report.Clean() {
		keep := filepath.Join(os.TempDir(), "hotseat-fault-"+r.number+".jsonl")
		_ = os.Rename(r.path, keep) // another file system: it is shown below all the same
		r.t.Logf("the history is %s", keep)
	}
	require.True(r.t, report.Clean(), "%s", written(report))
	for _, p := range r.promises {
		require.NotEmpty(r.t, report.Checked[p], "%s was not checked:\n%s", p, written(report))
	}
	if notices := report.Checked[verify.L1]; notices != nil && len(report.Faults) > 0 {
		require.Greater(r.t, notices[verify.AfterFaults], int64(fewNotices), "notices after the fault by which L1 is judged:\n%s", written(report))
	}
	r.print(report)
	return report
}

// behind is how much later than the answers of their logins nine of ten notices may come while the cluster is
// healthy. From asking for the login on, L1's 50 ms are of a machine with time to spare; the row about a
// healthy cluster holds them to that. Rows and other tests keep every processor busy, and a login alone may
// take half a second. But its answer waits for the same commit, disk and processors: with twenty processes
// waiting for two of them nine of ten notices were at most 10 ms behind. One that is sent late, or comes by the
// tail alone, which polls every 200 ms, is further behind. While that many rows compute that a token is looked up
// in 100 ms instead of one, some notices come 200 ms behind their answers, and as many before them.
const behind = 50 * time.Millisecond

// unaware is how long a socket may stay so: L1's second, and as long as its node, the store and the clients may
// stand still.
func unaware() time.Duration { return time.Second + standstill() }

// standstill is for how long any process may get no processor: in the short form, while the tests of all packages
// want them. The long form asks for the promises' own bounds.
func standstill() time.Duration { return pick(2*time.Second, 0) }

// check closes the history and has it verified.
func (r *row) check() *verify.Report {
	r.t.Helper()
	require.NoError(r.t, r.notes.Close())
	options := verify.Options{Folder: r.t.TempDir(), Latency: r.idle}
	if !r.idle {
		options.Unaware = unaware()
	}
	if slices.Contains(r.promises, verify.L1) {
		options.Behind = behind
	}
	report, err := verify.File(r.t.Context(), r.path, options)
	require.NoError(r.t, err)
	return report
}

func written(r *verify.Report) string {
	var b strings.Builder
	_ = r.WriteText(&b) // a builder takes everything
	return b.String()
}

// print notes the row's line.
func (r *row) print(report *verify.Report) {
	names := make([]string, len(r.promises))
	for i, p := range r.promises {
		names[i] = string(p)
	}
	line := fmt.Sprintf("row %-3s %-52s %-12s %6d operations of %3d employees, %5d sessions, longest unaware %s",
		r.number, r.fault, strings.Join(names, " "), report.Operations, report.Employees, report.Sessions, report.LongestUnaware.Round(time.Millisecond))
	if r.healed > 0 {
		line += fmt.Sprintf(", login after %s", r.healed.Round(time.Millisecond))
	}
	if told := report.Told; told != nil {
		line += fmt.Sprintf(", told after %s, %s behind the answer (p90)", told.P90, report.Behind.P90)
	}
	r.t.Log(line)
	remember(line)
}

// remember puts a line into the table at the end.
func remember(line string) {
	judged.mu.Lock()
	defer judged.mu.Unlock()
	judged.rows = append(judged.rows, line)
}

// printRows prints the table of what was attacked.
func printRows() {
	judged.mu.Lock()
	defer judged.mu.Unlock()
	slices.Sort(judged.rows)
	for _, line := range judged.rows {
		fmt.Println(line)
	}
}

// pick is how long an outage lasts, or how often something is tried: briefly in the short form.
func pick[T any](short, minutes T) T {
	if *long {
		return minutes
	}
	return short
}
