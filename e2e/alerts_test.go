package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
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

var (
	expression = regexp.MustCompile(`(?m)^ +expr: (\|\n(?: {10}.*\n)+|.*)`)
	selector   = regexp.MustCompile(`\b(hotseat_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher    = regexp.MustCompile(`([a-z_]+)(=|!=)"([^"]*)"`)
	grouping   = regexp.MustCompile(`by \(([^)]*)\)`)
)

// A counter that appears with its first count has grown by nothing, as increase and rate see it: the
// first burst would alarm nobody. So whatever an alert looks at is there before anything happens, with
// the labels that the alert names.
func TestEverySeriesThatAnAlertLooksAtIsThereFromTheStart(t *testing.T) {
	config := filepath.Join(t.TempDir(), "hotseat.yaml")
	require.NoError(t, os.WriteFile(config, []byte("receivers:\n- {name: out, kind: stdout}\n"), 0o600))
	s := startNode(t, pgtest.URL(t), "node-1", "--config", config)
	rules, err := os.ReadFile("../docs/alerts.yml")
	require.NoError(t, err)
	expressions := expression.FindAllStringSubmatch(string(rules), -1)
	require.Len(t, expressions, strings.Count(string(rules), "- alert:"))
	for _, e := range expressions {
		var labels []string // that the expression groups by
		for _, group := range grouping.FindAllStringSubmatch(e[1], -1) {
			labels = append(labels, strings.Split(group[1], ", ")...)
		}
		labels = slices.DeleteFunc(labels, func(label string) bool { return label == "job" })
		for _, wanted := range selector.FindAllStringSubmatch(e[1], -1) {
			matchers := matcher.FindAllStringSubmatch(wanted[2], -1)
			for _, label := range labels {
				matchers = append(matchers, []string{"", label, "!=", ""})
			}
			require.Eventually(t, func() bool { return shows(s.probe("/metrics").body, wanted[1], matchers) }, patience, 20*time.Millisecond,
				"no series %s from the start, but this alert looks at it: %s", wanted[0], e[1])
		}
	}
}

// shows reports whether the metrics have a series that the matchers let through. Prometheus gives the
// labels job and instance itself.
func shows(text []byte, name string, matchers [][]string) bool {
	for _, line := range regexp.MustCompile(`(?m)^`+name+`(?:\{(.*)\})? `).FindAllSubmatch(text, -1) {
		labels := map[string]string{}
		for _, label := range matcher.FindAllStringSubmatch(string(line[1]), -1) {
			labels[label[1]] = label[3]
		}
		if !slices.ContainsFunc(matchers, func(m []string) bool {
			value, named := labels[m[1]]
			return !named || (value == m[3]) != (m[2] == "=")
		}) {
			return true
		}
	}
	return false
}
