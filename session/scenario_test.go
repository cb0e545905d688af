package session_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the rules answer into testdata/*.txt")

// TestScenarios runs every file of testdata. A file is blocks between blank lines; a block is one or
// more commands, a line of dashes, and what they must answer (see script_test.go for the words).
// Lines that begin with # are for the reader.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runFile(t, file) })
	}
}

func runFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var answered []string
	world := newWorld(t)
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		answered = append(answered, runBlock(t, world, strings.TrimSpace(block)))
	}
	got := strings.Join(answered, "\n\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s: the rules answer otherwise (-want +got); go test ./session -run Scenarios -update accepts it:\n%s", file, diff)
	}
}

// runBlock returns the block with the answers that the rules gave.
func runBlock(t *testing.T, w *world, block string) string {
	commands, _, isRun := strings.Cut(block+"\n", "----\n")
	if !isRun {
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "#") {
				t.Fatalf("%q is neither a comment nor followed by ----", line)
			}
		}
		return block
	}
	var out strings.Builder
	for line := range strings.Lines(commands) {
		if !strings.HasPrefix(line, "#") {
			w.run(&out, strings.Fields(line))
		}
	}
	return strings.TrimRight(commands+"----\n"+out.String(), "\n")
}
