package kafka_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
)

func TestTheDevelopmentBrokerKeepsItsRecordsInItsFolder(t *testing.T) {
	folder := t.TempDir()
	first, err := kafka.StartDev("127.0.0.1:0", folder, "hotseat.session-events")
	require.NoError(t, err)
	addr := first.Addr()
	require.True(t, strings.HasPrefix(addr, "127.0.0.1:"), addr)
	require.NoError(t, sink(t, []string{addr}, "hotseat.session-events").Deliver(t.Context(), takeovers("ada", 1, 3), nil))
	require.NoError(t, sink(t, []string{addr}, "pos-events").Deliver(t.Context(), takeovers("ada", 1, 1), nil), "topics are made as they are named")
	first.Close()

	again, err := kafka.StartDev(addr, folder, "hotseat.session-events")
	require.NoError(t, err)
	defer again.Close()
	require.Equal(t, idsWanted(takeovers("ada", 1, 3)), idsOf(committed(t, []string{addr}, "hotseat.session-events", 5)))
	_, err = kafka.StartDev(addr, t.TempDir())
	require.ErrorContains(t, err, addr, "the port is taken")
}

func TestTheDevelopmentBrokerIsForThisMachineOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:9092", ":9092", "localhost", "127.0.0.1:kafka"} {
		_, err := kafka.StartDev(addr, t.TempDir())
		require.Error(t, err, addr)
	}
}
