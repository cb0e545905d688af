package config

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of docs/configuration.md anew")

// The document's table is Table's; what stands above it is written by hand.
func TestTheDocumentListsTheSettingsAsTheyAre(t *testing.T) {
	const path, head = "../../../docs/configuration.md", "|---|---|---|---|\n"
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	above, table, found := strings.Cut(string(b), head)
	require.True(t, found, "%s has no table", path)
	var want bytes.Buffer
	require.NoError(t, WriteReference(&want))
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(above+head+want.String()), 0o644))
		return
	}
	require.Equal(t, want.String(), table, "run: go test ./cmd/hotseat/config -update")
}
