package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

func within(t *testing.T, most time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), most)
	t.Cleanup(cancel)
	return ctx
}

// benchmark is one run of hotseat bench.
type benchmark struct {
	t       *testing.T
	process *exec.Cmd
	lines   *bufio.Scanner // how far it is
	said    *output
	last    string
}

func startBenchmark(t *testing.T, listen, args string, more ...string) *benchmark {
	b := &benchmark{t: t, said: &output{}}
	b.process = exec.CommandContext(within(t, time.Minute), binary,
		append(append([]string{"bench"}, strings.Fields(args)...), append(more, "--json", "--target", "http://"+listen)...)...)
	b.process.Env = environment("HOTSEAT_SERVICE_KEY=" + serviceKey)
	b.process.Stdout = b.said
	progress, err := b.process.StderrPipe()
	require.NoError(t, err)
	b.lines = bufio.NewScanner(progress)
	require.NoError(t, b.process.Start())
	return b
}

// until reads on until a line of the progress holds the text.
func (b *benchmark) until(text string) {
	b.t.Helper()
	for b.lines.Scan() {
		if b.last = b.lines.Text(); strings.Contains(b.last, text) {
			return
		}
	}
	require.Fail(b.t, "the benchmark ended", "want a line with %q, last: %s", text, b.last)
}

// measuring waits until there are figures.
func (b *benchmark) measuring() { b.t.Helper(); b.until("×") }

// measured is what --json prints of one scenario.
type measured struct {
	Scenario   string
	Complete   bool
	Incomplete string
	Figures    []struct {
		Name  string
		Value float64
	}
	Latencies []latency
	Limits    []struct {
		Name, Of     string
		Value, Ratio float64
	}
	Failures map[string]int
}

type latency struct {
	Name      string
	Count     int
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
	Corrected *latency
}

// figure finds one by its name; -1 when it is not there.
func (m *measured) figure(name string) float64 {
	for _, f := range m.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return -1
}

// ends waits for the end, and answers with what was measured.
func (b *benchmark) ends(code int) *measured {
	b.t.Helper()
	for b.lines.Scan() {
		b.last = b.lines.Text()
	}
	_ = b.process.Wait() // its code is looked at
	require.Equal(b.t, code, b.process.ProcessState.ExitCode(), b.last)
	var file struct{ Results []measured }
	require.NoError(b.t, json.NewDecoder(strings.NewReader(b.said.String())).Decode(&file), b.last)
	require.Len(b.t, file.Results, 1)
	return &file.Results[0]
}

// Whoever measures a server that dies has an answer all the same, and it says that it is half of one.
func TestABenchmarkWhoseServerDiesKeepsWhatItMeasured(t *testing.T) {
	for _, c := range []struct{ name, args string }{
		{"closed loop", "takeover --employees 30 --time 20s --warm-up 0s"},
		{"at a rate", "takeover --employees 30 --rate 100 --time 20s --warm-up 0s"},
		{"checks", "check --employees 30 --time 20s --warm-up 0s"},
		{"refreshes", "refresh --employees 30 --time 20s --warm-up 0s"},
		{"a day", "mixed --employees 100 --time 20s"},
		{"storms", "storm --employees 30 --storms 1000 --spread 500ms"},
		{"a ramp", "connect --employees 2000 --rate 100 --hold 1s"},
		{"sockets that are held", "connect --employees 200 --hold 5s"},
		{"the last node", "failover --employees 30 --rate 100 --time 20s --kill true --kill-after 200ms"},
	} {
		s := start(t, embedded(t))
		html := filepath.Join(t.TempDir(), "report.html")
		b := startBenchmark(t, s.listen, c.args, "--give-up", "4s", "--html", html)
		if c.name == "sockets that are held" {
			b.until("hold")
		}
		b.measuring()
		s.Kill(func() {})
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // all give up while the others still begin
			b.t = t
			r := b.ends(4)
			require.Regexp(t, "the server is gone: (nothing has succeeded for |every socket was closed)", b.last)
			require.False(t, r.Complete)
			require.Contains(t, r.Incomplete, "the server is gone")
			require.NotEmpty(t, r.Latencies, "what was measured until then is kept")
			require.Positive(t, r.Latencies[0].P99)
			require.FileExists(t, html)
			if r.Scenario == "failover" {
				require.Greater(t, r.figure("longest time without a login"), 1000., "a gap that nobody closed lasts until the end")
			}
		})
	}
}

// A server that is stopped keeps its connections and answers nothing: no operation fails.
func TestABenchmarkOfASilentServerEndsWhenNothingHasSucceededForSoLong(t *testing.T) {
	for _, c := range []struct{ name, args string }{
		{"takeovers", "takeover --employees 30 --time 20s --warm-up 0s"},
		{"checks", "check --employees 30 --time 20s --warm-up 0s"},
		{"storms", "storm --employees 30 --storms 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // as above
			s := start(t, embedded(t))
			b := startBenchmark(t, s.listen, c.args, "--give-up", "4s")
			b.measuring()
			require.NoError(t, s.process.Process.Signal(syscall.SIGSTOP))
			stopped := time.Now()
			r := b.ends(4)
			require.Less(t, time.Since(stopped), 12*time.Second)
			require.Contains(t, r.Incomplete, "the server is gone: nothing has succeeded for ")
			require.Positive(t, r.Failures["no answer before the run gave up"], r.Failures)
		})
	}
}

// Also those count that were under way when the time was over: they are the ones that waited longest.
func TestAPauseOfTheServerPastTheEndIsInTheLatencies(t *testing.T) {
	const pause = 3 * time.Second
	for _, args := range []string{
		"check --employees 30 --time 2500ms --warm-up 0s",
		"refresh --employees 300 --time 2500ms --warm-up 0s",
		"takeover --employees 30 --time 2500ms --warm-up 0s --rate 100",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel() // as above
			s := start(t, embedded(t))
			b := startBenchmark(t, s.listen, args, "--give-up", "20s")
			b.until("measure")
			require.NoError(t, s.process.Process.Signal(syscall.SIGSTOP))
			<-time.After(pause) // the fault itself
			require.NoError(t, s.process.Process.Signal(syscall.SIGCONT))
			r := b.ends(0)
			require.True(t, r.Complete)
			require.Empty(t, r.Failures)
			l := r.Latencies[0]
			require.Greater(t, l.Max, pause.Seconds()*1e3/2, "somebody waited nearly all the time")
			if l.Corrected != nil {
				require.Greater(t, l.Corrected.P99, pause.Seconds()*1e3/3, "and who came meanwhile waited for the rest of it")
			}
		})
	}
}

// Ctrl-C is an end like another: the figures until then are printed.
func TestABenchmarkThatIsInterruptedKeepsWhatItMeasured(t *testing.T) {
	s := start(t, embedded(t))
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		b := startBenchmark(t, s.listen, "check --employees 30 --time 20s --warm-up 0s")
		b.measuring()
		require.NoError(t, b.process.Process.Signal(signal))
		r := b.ends(1)
		require.False(t, r.Complete)
		require.NotEmpty(t, r.Incomplete)
		require.Positive(t, r.Latencies[0].Count)
		require.Empty(t, r.Failures, "nobody's fault")
	}
}

// The node is killed by the command that a user would give, and what follows is in the figures and in
// the history: sockets are lost and come back elsewhere, logins go on, and no promise is broken.
func TestABenchmarkKillsANodeAndMeasuresTheGap(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 3)
	recorded := filepath.Join(t.TempDir(), "history.jsonl")
	b := startBenchmark(t, nodes[0].listen, "failover --employees 60 --rate 100 --time 3s --kill-after 1s",
		"--target", "http://"+nodes[1].listen, "--target", "http://"+nodes[2].listen,
		"--kill", fmt.Sprintf("kill -9 %d", nodes[2].process.Process.Pid), "--record", recorded)
	r := b.ends(0)
	<-nodes[2].gone
	require.True(t, r.Complete)
	require.NotEmpty(t, r.Failures, "the first who asked a dead node had no answer")
	require.Greater(t, r.figure("sockets lost"), 10., "a third of the tabs was there")
	require.Positive(t, r.figure("longest time without a login"))
	require.Less(t, r.figure("longest time without a login"), 3000.)
	require.Positive(t, r.figure("slowest login after the kill"))
	back := slices.IndexFunc(r.Latencies, func(l latency) bool { return l.Name == "socket back" })
	require.GreaterOrEqual(t, back, 0)
	require.Positive(t, r.Latencies[back].Count, "they came back, unless their employee had logged in elsewhere")

	said, err := exec.CommandContext(within(t, time.Minute), binary, "verify", recorded).CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "faults: node killed at ")
	require.Regexp(t, `(?m)^S3 .*kept$`, string(said))
}

// What a database does by itself is measured where the program's store is.
func TestABenchmarkMeasuresNaiveTakeoversInTheSameDatabaseServer(t *testing.T) {
	s := startNode(t, pgtest.URL(t), "node-1")
	r := startBenchmark(t, s.listen, "takeover --employees 40 --in-flight 8 --time 500ms --warm-up 0s --limits-time 1s", "--pgbench", pgtest.URL(t)).ends(0)
	require.Len(t, r.Limits, 1)
	limit := r.Limits[0]
	require.Equal(t, "naive takeovers in this PostgreSQL (pgbench)", limit.Name)
	require.Equal(t, "takeovers/s", limit.Of)
	require.Greater(t, limit.Value, 50.)
	require.InEpsilon(t, r.figure("takeovers/s")/limit.Value, limit.Ratio, .001)
}
