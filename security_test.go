package hotseat_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A threat whose test is not there is one that nobody tried.
func TestEveryTestThatTheSecurityTableNamesExists(t *testing.T) {
	_, table, found := strings.Cut(read(t, "docs/security.md"), "| threat | rule | test |\n|---|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	named := regexp.MustCompile("`([^`]+)`")
	for _, row := range strings.Split(strings.TrimSpace(table), "\n") {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		require.Len(t, cells, 3, "%s", row)
		tests := named.FindAllStringSubmatch(cells[2], -1)
		require.NotEmpty(t, tests, "%s has no test", cells[0])
		for _, one := range tests {
			if !testExists(t, one[1]) {
				t.Errorf("docs/security.md names %s, which is not there", one[1])
			}
		}
	}
}

// testExists looks for folder.TestName, folder.CaseOfASuite, or file.js: title.
func testExists(t *testing.T, name string) bool {
	if file, title, js := strings.Cut(name, ": "); js {
		return strings.Contains(read(t, file), "test('"+title+"'")
	}
	at := strings.LastIndex(name, ".")
	require.Positive(t, at, name)
	files, err := filepath.Glob(filepath.Join(name[:at], "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if regexp.MustCompile(`(?m)^func (\((s suite|ports)\) )?` + regexp.QuoteMeta(name[at+1:]) + `\(`).Match(text) {
			return true
		}
	}
	return false
}
