package hotseat_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A promise whose test is gone is a promise no more.
func TestTheGuaranteesNameOnlyTestsThatAreThere(t *testing.T) {
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, name := range declared.FindAllStringSubmatch(string(text), -1) {
			there[name[1]] = true
		}
		return err
	}))
	for _, file := range []string{"docs/GUARANTEES.md", "docs/clusters.md"} {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(read(t, file), -1)
		require.NotEmpty(t, named, file)
		for _, name := range named {
			require.True(t, there[name[1]], "%s names %s", file, name[1])
		}
	}
}
