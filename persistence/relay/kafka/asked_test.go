package kafka_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// asked is what the broker was asked to write.
type asked struct {
	mu       sync.Mutex
	produced []*kmsg.ProduceRequest
	init     []*kmsg.InitProducerIDRequest
}

func watch(cluster *kfake.Cluster) *asked {
	a := &asked{}
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.produced = append(a.produced, r.(*kmsg.ProduceRequest))
		return nil, nil, false // the broker answers
	})
	cluster.ControlKey(int16(kmsg.InitProducerID), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.init = append(a.init, r.(*kmsg.InitProducerIDRequest))
		return nil, nil, false
	})
	return a
}

// A record counts as written when all replicas in sync have it, and a repeat of the request is known by the
// producer's id and the batch's number.
func TestTheBrokerIsAskedForAllReplicasAndKnowsARepeat(t *testing.T) {
	addrs, topic, cluster := fake(t, "asked")
	a := watch(cluster)
	s := sink(t, addrs, topic)
	for epoch := 1; epoch <= 3; epoch++ {
		require.NoError(t, s.Deliver(t.Context(), takeovers("ada", epoch, epoch), nil))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	require.Len(t, a.produced, 3)
	require.Len(t, a.init, 1)
	require.NotNil(t, a.init[0].TransactionalID)
	type number struct {
		epoch int16
		first int32
	}
	seen := map[number]bool{}
	for _, r := range a.produced {
		require.EqualValues(t, -1, r.Acks, "all")
		require.Equal(t, a.init[0].TransactionalID, r.TransactionID)
		require.Len(t, r.Topics, 1)
		require.Len(t, r.Topics[0].Partitions, 1, "one employee, one partition")
		var batch kmsg.RecordBatch
		require.NoError(t, batch.ReadFrom(r.Topics[0].Partitions[0].Records))
		require.GreaterOrEqual(t, batch.ProducerID, int64(0))
		require.GreaterOrEqual(t, batch.FirstSequence, int32(0))
		seen[number{batch.ProducerEpoch, batch.FirstSequence}] = true
	}
	require.Len(t, seen, 3, "each batch has a number of its own")
}
