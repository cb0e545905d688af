package main

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

func TestAStoreThatIsTooNewIsShownAndNotTouched(t *testing.T) {
	dir := t.TempDir()
	migrate := func(what string) (code int, out, said string) {
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), []string{"migrate", what, "--store", "embedded:" + dir}, program{out: &stdout, err: &stderr})
		return code, stdout.String(), stderr.String()
	}
	code, _, said := migrate("up")
	require.Equal(t, client.ExitOK, code, said)
	db, err := sql.Open("sqlite", filepath.Join(dir, "hotseat.db"))
	require.NoError(t, err)
	_, err = db.Exec(`UPDATE schema_info SET min_binary = 1000`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	code, out, said := migrate("status")
	require.Equal(t, client.ExitOK, code, said)
	require.Regexp(t, `(?m)^oldest program +1000$`, out)
	require.Contains(t, out, "needs a newer program")
	require.NotContains(t, out, "migrate up")

	code, _, said = migrate("up")
	require.Equal(t, client.ExitFailed, code)
	require.Contains(t, said, "install the newer version")
}
