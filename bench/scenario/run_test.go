package scenario

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// Shards have tables of descriptors of their own. What has none must fit beside everything else.
func TestTheOwnTableHoldsTheCallersAndTheSocketsWithTLS(t *testing.T) {
	plain, encrypted := &caller.Target{}, &caller.Target{TLS: &tls.Config{}}
	files := func(targets ...*caller.Target) int {
		r := &run{Options: Options{Targets: targets, Employees: 400, Workers: 64}, notes: report.Result{Scenario: "connect"}}
		return r.ownFiles()
	}
	require.Equal(t, 64+crowd.Unsharded(400, 0), files(plain))
	require.Equal(t, 64+400, files(encrypted))
	require.Equal(t, 128+crowd.Unsharded(400, 200), files(plain, encrypted))
	require.NoError(t, crowd.TableFor(0))
	require.ErrorContains(t, crowd.TableFor(1<<30), "run `ulimit -n 1073741888` first")
}
