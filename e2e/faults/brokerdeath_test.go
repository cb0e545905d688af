package faults

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What a row reads of a broker that is killed must not end at the transaction that it was killed in.
func TestAFollowerReadsOnBehindATransactionThatTheBrokerDiedIn(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	writeOpen(t, b, "not committed")
	b.kill()
	b.start()
	again := writeOpen(t, b, "committed")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, again.EndTransaction(ctx, kgo.TryCommit))
	f := follow(t, nil, b, eventTopic)
	f.wait(1)
	require.Equal(t, "committed", string(f.read()[0].Value))
}

// writeOpen writes one record within a transaction that stays open. It is the same producer each time.
func writeOpen(t *testing.T, b *broker, text string) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.TransactionalID("writer"), kgo.TransactionTimeout(time.Minute))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.BeginTransaction())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, client.ProduceSync(ctx, &kgo.Record{Topic: eventTopic, Key: []byte("k"), Value: []byte(text)}).FirstErr())
	return client
}
