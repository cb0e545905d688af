package e2e

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func within(t *testing.T, most time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), most)
	t.Cleanup(cancel)
	return ctx
}

// Whoever measures a server that dies has an answer all the same, and it says that it is half of one.
func TestABenchmarkWhoseServerDiesKeepsWhatItMeasured(t *testing.T) {
	s := start(t, embedded(t))
	for _, c := range []struct{ name, args string }{
		{"closed loop", "takeover --employees 30 --time 20s --warm-up 0s --give-up 1s"},
		{"at a rate", "takeover --employees 30 --rate 100 --time 20s --warm-up 0s --give-up 1s"},
		{"checks", "check --employees 30 --time 20s --warm-up 0s --give-up 1s"},
		{"a day", "mixed --employees 100 --time 20s --give-up 1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			html := filepath.Join(t.TempDir(), "report.html")
			bench := exec.CommandContext(within(t, time.Minute), binary, append([]string{"bench"}, strings.Fields(c.args+" --json --target http://"+s.listen+" --html "+html)...)...)
			bench.Env = environment("HOTSEAT_SERVICE_KEY=" + serviceKey)
			said := &output{}
			bench.Stdout = said
			progress, err := bench.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, bench.Start())
			lines := bufio.NewScanner(progress)
			for lines.Scan() && !strings.Contains(lines.Text(), "×") { // the first line with a figure in it
			}
			s.Kill(func() {})
			var last string
			for lines.Scan() {
				last = lines.Text()
			}
			require.Error(t, bench.Wait())
			require.Equal(t, 4, bench.ProcessState.ExitCode(), last)
			require.Contains(t, last, "the server is gone: nothing has succeeded for ")
			require.Contains(t, said.String(), `"complete": false`)
			require.Contains(t, said.String(), `"incomplete": "the server is gone`)
			require.Regexp(t, `"p99_ms": [0-9.]+`, said.String(), "what was measured until then is kept")
			require.FileExists(t, html)
			s.Start()
		})
	}
}
