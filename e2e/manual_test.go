package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const manual = "../tools/demo-session-management.sh"

func TestTheManualTestOfSessionManagementObservesEveryStep(t *testing.T) {
	followSources(t)
	out, err := exec.Command(manual, binary).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "Every step was observed.")
}

// The script is a test only if it fails when a step does not happen.
func TestTheManualTestFailsWhenAStepIsNotObserved(t *testing.T) {
	for step, want := range map[string]string{
		"test-termination": "NOT OBSERVED: till-2 shows the test",
		"consume-events":   "NOT OBSERVED: three events",
	} {
		program := filepath.Join(t.TempDir(), "hotseat")
		text := "#!/bin/sh\n[ \"$1\" = " + step + " ] && { echo sent to 1; [ $1 = test-termination ]; exit; }\nexec " + binary + " \"$@\"\n"
		require.NoError(t, os.WriteFile(program, []byte(text), 0o755))
		command := exec.Command(manual, program)
		command.Env = append(os.Environ(), "TEST_PATIENCE=60") // that of the one step that is to fail
		out, err := command.CombinedOutput()
		require.Error(t, err, "%s", out)
		require.Equal(t, 1, command.ProcessState.ExitCode())
		require.Contains(t, string(out), want)
	}
}
