package e2e

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

func TestTheSchemaOfALiveDatabaseIsShownAndBroughtUp(t *testing.T) {
	url := pgtest.URL(t)
	schema := func(what string) (s struct {
		Version, Latest int64
		Pending         bool
	},
	) {
		out := command(t, binary, "migrate", what, "--store", url, "--json")
		require.NoError(t, json.Unmarshal([]byte(out), &s), "%s", out)
		return s
	}
	empty := schema("status")
	require.Zero(t, empty.Version)
	require.True(t, empty.Pending)

	refused := exec.Command(binary, "serve", "--store", url, "--migrate", "check", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	refused.Env = environment()
	out, err := refused.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "hotseat migrate up")

	up := schema("up")
	require.Equal(t, up.Latest, up.Version)
	require.False(t, up.Pending)
	s := start(t, url, "--migrate", "check")
	l := s.mustLogin("ada", "till-1")
	require.Equal(t, up, schema("status"), "beside a server")
	require.Equal(t, up, schema("up"), "and again")
	require.Equal(t, 200, s.show(l))
}
