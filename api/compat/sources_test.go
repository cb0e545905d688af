package compat_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var sources sync.Once

// followSources has the go command see what these tests are about. It keeps the result of a test for
// as long as what the test itself is made of and reads is unchanged, and would know nothing of the
// program, which is built beside.
func followSources(t *testing.T) {
	sources.Do(func() {
		require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if name := entry.Name(); path != "../.." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "bin" || name == "docs") {
				return filepath.SkipDir
			}
			_, err = os.ReadDir(path) // noted by the go command, with each file's size and time
			return err
		}))
	})
}
