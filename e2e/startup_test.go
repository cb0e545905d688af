package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A program that cannot start says why and what to do, ends with the right code, and leaves
// nothing behind.
func TestAStartThatCannotBeSaysWhyAndChangesNothing(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	unknownKey := filepath.Join(t.TempDir(), "hotseat.yaml")
	require.NoError(t, os.WriteFile(unknownKey, []byte("max-sesions: 2\n"), 0o600))

	for name, c := range map[string]struct {
		args []string
		env  string
		code int
		says []string
	}{
		"a port in use":              {args: []string{"--listen", busy.Addr().String()}, code: 1, says: []string{"in use", busy.Addr().String()}},
		"an operations port in use":  {args: []string{"--ops-listen", busy.Addr().String()}, code: 1, says: []string{"in use", busy.Addr().String()}},
		"a weak key":                 {env: "HOTSEAT_SERVICE_KEY=short", code: 2, says: []string{"16", "service"}},
		"an unknown flag":            {args: []string{"--max-sesions", "2"}, code: 2, says: []string{"--max-sesions", "--max-sessions"}},
		"an unknown key of the file": {args: []string{"--config", unknownKey}, code: 2, says: []string{"max-sesions", "max-sessions"}},
		"an unknown variable":        {env: "HOTSEAT_MAX_SESIONS=2", code: 2, says: []string{"HOTSEAT_MAX_SESIONS", "HOTSEAT_MAX_SESSIONS"}},
		"a store of an unknown kind": {args: []string{"--store", "mysql://localhost/x"}, code: 2, says: []string{"embedded:", "postgres://"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "data")
			code, said := run(t, c.env, append([]string{
				"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--store", "embedded:" + folder,
			}, c.args...)...)
			require.Equal(t, c.code, code, "%s", said)
			for _, want := range c.says {
				require.Contains(t, said, want)
			}
			require.NotContains(t, said, "short\"", "a refused key is a secret all the same")
			require.NotContains(t, said, "goroutine ", "no stack trace")
			entries, _ := filepath.Glob(filepath.Join(folder, "*.key"))
			require.Empty(t, entries, "keys were made")
		})
	}
}

func TestADataFolderThatAnotherProcessHoldsIsRefusedAndTheHolderGoesOn(t *testing.T) {
	store := embedded(t)
	holder := start(t, store)
	ada := holder.mustLogin("ada", "till-1")

	code, said := run(t, "", "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--store", store)

	require.Equal(t, 1, code, "%s", said)
	require.Contains(t, said, "is held by process")
	require.Equal(t, 200, holder.strict(ada.AccessToken).status)
	require.Equal(t, 2, holder.mustLogin("ada", "till-2").Session.Epoch)
}

// run is one command of the binary, to its end.
func run(t *testing.T, env string, args ...string) (code int, said string) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	command := exec.CommandContext(ctx, binary, args...)
	command.Env = environment(env)
	command.Dir = t.TempDir()
	command.WaitDelay = time.Second
	out, err := command.CombinedOutput()
	require.NoError(t, ctx.Err(), "still running; it said:\n%s", out)
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return command.ProcessState.ExitCode(), string(out)
}
