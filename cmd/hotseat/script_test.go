package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hotseat": main})
}

// The scripts run the real program as processes: a real server on ports of its own choice, and the
// commands against it.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOTSEAT_LISTEN", "127.0.0.1:0")
			env.Setenv("HOTSEAT_OPS_LISTEN", "127.0.0.1:0")
			env.Setenv("HOTSEAT_DRAIN_DELAY", "0")
			env.Setenv("HOTSEAT_DRAIN_DURATION", "1s")
			env.Setenv(addressFile, filepath.Join(env.WorkDir, "addresses"))
			env.Setenv("TZ", "UTC")
			return os.WriteFile(filepath.Join(env.WorkDir, "password.txt"), []byte("demo-password\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "eventually": eventually, "running": running, "take": take,
		},
	})
}

// exits CODE PROGRAM ARGS… runs a program that must end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// patience bounds every wait for another process.
const patience = 20 * time.Second

// eventually PROGRAM ARGS… runs a program until it succeeds: for what another process does meanwhile.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: eventually PROGRAM ARGS…")
	}
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[0], args[1:]...)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("still %v after %s", err, patience)
		}
	}
}

// running waits until the server started last says where it listens, and points clients there.
func running(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: running")
	}
	file := ts.Getenv(addressFile)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(file)
		if err != nil && time.Now().Before(end) {
			continue
		}
		ts.Check(err)
		var at struct{ Listen, Ops, Kafka string }
		ts.Check(json.Unmarshal(b, &at))
		ts.Setenv("HOTSEAT_SERVER", "http://"+at.Listen)
		ts.Setenv("ADDR", at.Listen)
		if at.Kafka != "" {
			ts.Setenv("HOTSEAT_KAFKA_BROKERS", at.Kafka)
		}
		ts.Check(os.Remove(file)) // the next server writes its own
		return
	}
}

// take NAME PATH sets a variable to what is at the dotted path of the JSON printed last.
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME PATH")
	}
	var at any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &at))
	for _, step := range strings.Split(args[1], ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if i >= len(v) {
				ts.Fatalf("%s: only %d items", args[1], len(v))
			}
			at = v[i]
		}
	}
	text, ok := at.(string)
	if !ok {
		ts.Fatalf("%s is %v, not a text", args[1], at)
	}
	ts.Setenv(args[0], text)
}

func TestEveryCommandHasAnExampleThatAScriptRuns(t *testing.T) {
	ran := scriptLines(t)
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		require.NotEmpty(t, cmd.Short, cmd.CommandPath())
		examples := exampleLines(cmd)
		require.NotEmpty(t, examples, "%s: its help has no example", cmd.CommandPath())
		for _, example := range examples {
			require.Contains(t, ran, example, "%s: no script under testdata/script runs this example", cmd.CommandPath())
		}
		require.Contains(t, ran, cmd.CommandPath()+" --help", "no script looks at this help")
	}
	walk(newRoot(program{}))
}

// exampleLines are a command's examples as a script writes them: redirections are the shell's.
func exampleLines(cmd *cobra.Command) []string {
	var examples []string
	for _, line := range strings.Split(cmd.Example, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		line, _, _ = strings.Cut(line, " < ")
		line, _, _ = strings.Cut(line, " > ")
		examples = append(examples, anID.ReplaceAllString(strings.ReplaceAll(line, `"`, `'`), "ID"))
	}
	return examples
}

// anID is what stands for a session's in scripts, whose sessions have other ids than the examples.
var anID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\$SESSION\b`)

// scriptLines are the command lines of all scripts that succeed. Of a benchmark a refusal is enough: its
// examples are for servers of many employees, and take minutes.
func scriptLines(t *testing.T) map[string]bool {
	files, err := filepath.Glob("testdata/script/*.txtar")
	require.NoError(t, err)
	lines := map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		script, _, _ := strings.Cut(string(b), "\n-- ")
		for _, line := range strings.Split(script, "\n") {
			how, command, _ := strings.Cut(line, " ")
			if how == "exits" {
				_, command, _ = strings.Cut(command, " ")
			}
			if how == "exec" || how == "eventually" || how == "exits" && strings.HasPrefix(command, "hotseat bench") {
				command, _, _ = strings.Cut(command, " &")
				lines[anID.ReplaceAllString(command, "ID")] = true
			}
		}
	}
	return lines
}
