package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The schema of /graphql is shown in the demo, to try it; elsewhere it tells nobody what there is to attack.
func TestTheSchemaIsShownInTheDemoAlone(t *testing.T) {
	plain := start(t, embedded(t))
	demo := &server{
		t: t, store: "embedded:hotseat-demo", args: []string{"--demo"}, listen: restartablePort(t),
		wrap: []string{"sh", "-c", `cd "$0" && exec "$@"`, t.TempDir()},
	}
	demo.Start()
	for _, query := range []string{`{ __schema { types { name } } }`, `{ __type(name: "Mutation") { fields { name } } }`} {
		require.NotContains(t, string(plain.send("POST", "/graphql", "", object{"query": query}).body), `"name"`, query)
		require.Contains(t, string(demo.send("POST", "/graphql", "", object{"query": query}).body), `"name":"`, query)
	}
}
