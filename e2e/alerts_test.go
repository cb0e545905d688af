package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheAlertsFireWhereTheyShouldAndNowhereElse(t *testing.T) {
	for _, argv := range [][]string{{"check", "rules", "../docs/alerts.yml"}, {"test", "rules", "../docs/alerts_test.yml"}} {
		out, err := exec.Command("promtool", argv...).CombinedOutput()
		require.NoError(t, err, "promtool %s (run make deps):\n%s", strings.Join(argv, " "), out)
	}
}

var (
	metric = regexp.MustCompile(`\bhotseat_[a-z_]+`)
	quoted = regexp.MustCompile(`"(hotseat_[a-z_]+)"`)
)

func TestEveryMetricThatTheDocumentsNameIsOneOfTheProgram(t *testing.T) {
	exported := map[string]bool{}
	for _, folder := range []string{"actors", "api", "cmd", "hub", "persistence"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, name := range quoted.FindAllStringSubmatch(string(text), -1) {
				exported[name[1]] = true
			}
			return err
		}))
	}
	documents, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	for _, document := range append(documents, "../docs/alerts.yml") {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, name := range metric.FindAllString(string(text), -1) {
			require.True(t, exported[strings.TrimSuffix(name, "_bucket")], "%s names %s", document, name)
		}
	}
}
