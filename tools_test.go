package hotseat_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withTools runs a script of the repository where every tool is a stand-in of the test's, but for the
// shell's own, and returns what it said.
func withTools(t *testing.T, tools map[string]string, env []string, script string, args ...string) (said string, ok bool) {
	t.Helper()
	folder := t.TempDir()
	for name, body := range tools {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/bash\n"+body+"\n"), 0o700))
	}
	for _, name := range []string{"bash", "sort", "head", "sed", "dirname"} {
		real, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(real, filepath.Join(folder, name)))
	}
	command := exec.Command("/bin/bash", append([]string{script}, args...)...)
	command.Env = append([]string{"PATH=" + folder}, env...)
	out, err := command.CombinedOutput()
	if err != nil {
		var failed *exec.ExitError
		require.ErrorAs(t, err, &failed)
	}
	return string(out), err == nil
}

func TestToolsThatAreTooOldAreNamedWithTheFix(t *testing.T) {
	const getGo, getNode = "https://go.dev/dl/", "https://nodejs.org/en/download"
	for name, row := range map[string]struct {
		golang, node string // what they call their version; empty: not installed
		npm          bool
		says         []string // empty: nothing is wrong
	}{
		"as needed":           {golang: "go1.26", node: "v20.0.0", npm: true},
		"newer":               {golang: "go1.26.5", node: "v24.18.1", npm: true},
		"two digits":          {golang: "go1.100.1", node: "v100.1.0", npm: true},
		"a later major":       {golang: "go2.0", node: "v20.1.0", npm: true},
		"a release candidate": {golang: "go1.27rc1", node: "v20.1.0", npm: true},
		"go too old":          {golang: "go1.25.9", node: "v20.0.0", npm: true, says: []string{"go 1.25 is too old", "1.26", getGo}},
		"go much too old":     {golang: "go1.3", node: "v20.0.0", npm: true, says: []string{"go 1.3 is too old", getGo}},
		"no go":               {node: "v20.0.0", npm: true, says: []string{"go is not installed", "1.26", getGo}},
		"node too old":        {golang: "go1.26.1", node: "v18.20.4", npm: true, says: []string{"node 18.20 is too old", "Node 20", getNode}},
		"node of one digit":   {golang: "go1.26.1", node: "v8.1.0", npm: true, says: []string{"node 8.1 is too old", getNode}},
		"no node":             {golang: "go1.26.1", says: []string{"node or npm is not installed", "Node 20", getNode}},
		"no npm":              {golang: "go1.26.1", node: "v20.0.0", says: []string{"node or npm is not installed", getNode}},
	} {
		t.Run(name, func(t *testing.T) {
			tools := map[string]string{}
			if row.golang != "" {
				tools["go"] = "echo go version " + row.golang + " linux/amd64"
			}
			if row.node != "" {
				tools["node"] = "echo " + row.node
			}
			if row.npm {
				tools["npm"] = "exit 1"
			}
			said, ok := withTools(t, tools, nil, "tools/versions.sh", "go", "node")
			require.Equal(t, len(row.says) == 0, ok, said)
			if ok {
				require.Empty(t, said)
			}
			for _, want := range row.says {
				require.Contains(t, said, want)
			}
		})
	}
	said, ok := withTools(t, map[string]string{"go": "echo go version devel go-abc linux/amd64"}, nil, "tools/versions.sh", "go")
	require.True(t, ok, said)
	require.Contains(t, said, "built from source", "whoever built Go knows why; it is only said")
}

// The bash variable SECONDS counts from what the environment says.
func TestARunThatIsTooSlowFails(t *testing.T) {
	passes := map[string]string{"make": "echo made $1"}
	said, ok := withTools(t, passes, nil, ".ci/run")
	require.True(t, ok, said)
	for _, target := range []string{"deps", "check", "test", "race"} {
		require.Contains(t, said, "made "+target+"\n")
	}
	said, ok = withTools(t, passes, []string{"SECONDS=901"}, ".ci/run")
	require.False(t, ok, said)
	require.Contains(t, said, "too slow")
	said, ok = withTools(t, map[string]string{"make": "[ $1 != test ]"}, nil, ".ci/run")
	require.False(t, ok, said)
	require.NotContains(t, said, "make race", "the first step that fails ends the run")
}
