package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// systemd itself does not run in tests; what it would read is checked by its own tool.
func TestTheSystemdUnitIsOneThatSystemdTakes(t *testing.T) {
	text, err := os.ReadFile("../deploy/hotseat.service")
	require.NoError(t, err)
	const installed = "/usr/local/bin/hotseat"
	require.Contains(t, string(text), "ExecStart="+installed+" serve\n")
	unit := filepath.Join(t.TempDir(), "hotseat.service")
	require.NoError(t, os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), installed, binary)), 0o644))

	for _, args := range [][]string{
		{"verify", unit},
		{"security", "--offline=yes", "--threshold=15", "--no-pager", unit}, // of 100; what is not locked in has 96
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		require.NoError(t, err, "run make deps\n%s", out)
		require.NotContains(t, string(out), "Unknown", "%s", out)
	}
}

// A key that the kernel does not have is a line that does nothing.
func TestEveryKernelSettingThatIsAdvisedExists(t *testing.T) {
	text, err := os.ReadFile("../deploy/sysctl.conf")
	require.NoError(t, err)
	settings := regexp.MustCompile(`(?m)^([a-z0-9._]+) = \S`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, settings)
	for _, s := range settings {
		require.FileExists(t, "/proc/sys/"+strings.ReplaceAll(s[1], ".", "/"))
	}
}
