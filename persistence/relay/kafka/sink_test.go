package kafka_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
	"github.com/hotseat-hub/hotseat/session"
)

func TestEveryEmployeesEventsAreInOneOrder(t *testing.T) {
	addrs, topic, _ := brokers(t)
	s := sink(t, addrs, topic)
	var pages [][]relay.Event
	for _, employee := range []string{"ada", "bea", "cleo", "dora"} {
		pages = append(pages, takeovers(employee, 1, 10), takeovers(employee, 11, 13))
	}
	many := 0
	for _, page := range pages {
		require.NoError(t, s.Deliver(t.Context(), page, nil))
		many += len(page)
	}
	require.NoError(t, s.Deliver(t.Context(), nil, nil))
	records := committed(t, addrs, topic, many)
	require.Equal(t, idsWanted(pages...), idsOf(records))
	partition := map[string]int32{}
	for _, r := range records {
		if known, seen := partition[string(r.Key)]; seen {
			require.Equal(t, known, r.Partition)
		}
		partition[string(r.Key)] = r.Partition
	}
}

// kcat is a client that knows nothing of us.
func TestKcatReadsARecordWithTheHeadersOfCloudEvents(t *testing.T) {
	addrs, topic, _ := brokers(t)
	events := takeovers("ada", 1, 2)
	require.NoError(t, sink(t, addrs, topic).Deliver(t.Context(), events, nil))
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	out, err := exec.CommandContext(ctx, "kcat", "-C", "-b", strings.Join(addrs, ","), "-t", topic, "-o", "beginning", "-c", "3", "-q",
		"-X", "isolation.level=read_committed", "-f", `%k|%h|%T|%s\n`).CombinedOutput()
	require.NoError(t, err, "run `make deps` if kcat is missing; it said:\n%s", out)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 3)
	part := strings.SplitN(lines[1], "|", 4)
	require.Equal(t, "ada", part[0])
	require.Equal(t, "ce_specversion=1.0,ce_id=ada/2/1,ce_source=https://hub.example,ce_type=hotseat.session.terminated.v1,"+
		"ce_subject=ada,ce_time=2025-06-15T15:06:40.002Z,ce_partitionkey=ada,content-type=application/json", part[1])
	require.Equal(t, "1750000000002", part[2])
	require.JSONEq(t, string(events[1].Data), part[3])
}

// A former leader that wakes up after another has followed cannot write any more, whatever it has in
// its buffers.
func TestAFormerLeaderIsFenced(t *testing.T) {
	addrs, topic, _ := brokers(t)
	old, next := sink(t, addrs, topic), sink(t, addrs, topic)
	first, second := takeovers("ada", 1, 3), takeovers("ada", 4, 6)
	require.NoError(t, old.Deliver(t.Context(), first, nil))
	require.NoError(t, next.Deliver(t.Context(), second, nil))
	require.ErrorIs(t, old.Deliver(t.Context(), second, nil), relay.ErrFenced)
	require.NoError(t, next.Deliver(t.Context(), takeovers("ada", 7, 7), nil))
	require.Equal(t, idsWanted(first, second, takeovers("ada", 7, 7)), idsOf(committed(t, addrs, topic, 13)))
}

// Two hubs may share brokers, and one hub may write two topics.
func TestOtherInstallationsAndTopicsFenceNobody(t *testing.T) {
	addrs, topic, _ := brokers(t)
	ours := sink(t, addrs, topic)
	theirs := sink(t, addrs, topic, func(o *kafka.Options) { o.Installation = "https://other.example" })
	for epoch := 1; epoch <= 3; epoch++ {
		require.NoError(t, ours.Deliver(t.Context(), takeovers("ada", epoch, epoch), nil))
		require.NoError(t, theirs.Deliver(t.Context(), takeovers("bea", epoch, epoch), nil))
	}
}

// Fault 18: the broker has the records and says that it timed out. The page comes again, in a
// transaction of its own; who reads committed records sees it once, or again under the same ids.
func TestAnErrorAfterTheRecordsWereWrittenLosesAndReordersNothing(t *testing.T) {
	for name, fault := range map[string]kfake.Fault{
		"produce, after": {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicasAfterAppend, Count: 2},
		"produce":        {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: 2},
		"commit":         {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.CoordinatorNotAvailable, TopLevel: true, Count: 2},
		"commit, after":  {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.RequestTimedOut, TopLevel: true, Count: 1},
		"producer id":    {Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.CoordinatorLoadInProgress, TopLevel: true, Count: 2},
	} {
		t.Run(name, func(t *testing.T) {
			addrs, topic, cluster := fake(t, "faults")
			s := sink(t, addrs, topic, func(o *kafka.Options) { o.Timeout = 2 * time.Second })
			handle := cluster.Fault(fault)
			want := map[string][]string{}
			for epoch := 1; epoch <= 4; epoch++ {
				page := takeovers("ada", epoch, epoch)
				insist(t, s, page)
				want = idsWanted(takeovers("ada", 1, epoch))
			}
			require.Positive(t, handle.Hits())
			var seen []string
			for _, id := range idsOf(committed(t, addrs, topic, 7))["ada"] {
				if len(seen) == 0 || seen[len(seen)-1] != id {
					seen = append(seen, id)
				}
			}
			require.Equal(t, want["ada"], seen)
		})
	}
}

// insist delivers as a courier does.
func insist(t *testing.T, s *kafka.Sink, page []relay.Event) {
	t.Helper()
	for until := time.Now().Add(soon); ; {
		err := s.Deliver(t.Context(), page, nil)
		if err == nil {
			return
		}
		require.True(t, time.Now().Before(until), "%v", err)
	}
}

// Fault 17, as the sink sees it: an error in time, and the next delivery goes on by itself.
func TestADeliveryFailsInTimeWhileTheBrokerIsAwayAndWorksWhenItIsBack(t *testing.T) {
	folder := t.TempDir()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "away"), kfake.DataDir(folder))
	require.NoError(t, err)
	addrs := cluster.ListenAddrs()
	s := sink(t, addrs, "away", func(o *kafka.Options) { o.Timeout = 2 * time.Second })
	require.NoError(t, s.Deliver(t.Context(), takeovers("ada", 1, 2), nil))
	cluster.Close()
	for range 2 {
		begun := time.Now()
		err := s.Deliver(t.Context(), takeovers("ada", 3, 3), nil)
		require.Error(t, err)
		require.NotErrorIs(t, err, relay.ErrFenced)
		require.Less(t, time.Since(begun), 5*time.Second)
	}
	port := addrs[0][strings.LastIndexByte(addrs[0], ':')+1:]
	again, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(folder), kfake.Ports(atoi(t, port)))
	require.NoError(t, err)
	t.Cleanup(again.Close)
	insist(t, s, takeovers("ada", 3, 3))
	require.Equal(t, idsWanted(takeovers("ada", 1, 3)), idsOf(committed(t, addrs, "away", 5)))
}

type names map[session.EmployeeID]string

func (n names) Username(_ context.Context, id session.EmployeeID) (string, error) { return n[id], nil }

func TestTheOriginalsConsumersGetTheOriginalsEvents(t *testing.T) {
	addrs, topic, _ := brokers(t)
	s := sink(t, addrs, topic, func(o *kafka.Options) { o.Format = kafka.POS(names{"ada": "countess"}) })
	events := takeovers("ada", 1, 2)
	more := func(e session.Event) {
		e.Employee, e.At, e.Session = "ada", 1_750_000_000_003, one(2)
		events = append(events, relay.Encode("https://hub.example", e))
	}
	more(session.Event{Type: session.Ended, Reason: session.ReasonLogout, Epoch: 3, N: 1})
	more(session.Event{Type: session.EmployeeLocked, Reason: session.ReasonLocked, Epoch: 4, N: 1})
	more(session.Event{Type: session.Ended, Reason: session.ReasonLocked, Epoch: 4, N: 2})
	require.NoError(t, s.Deliver(t.Context(), events, nil))
	var got []string
	for _, r := range committed(t, addrs, topic, 5) {
		require.Equal(t, []kgo.RecordHeader{{Key: "hotseat-source", Value: []byte("https://hub.example")}}, r.Headers)
		got = append(got, string(r.Value))
	}
	require.Equal(t, []string{
		`{"event_type":"EMPLOYEE_LOGIN","employee_id":"ada","employee_username":"countess","terminal_id":"till-1","timestamp":"2025-06-15T15:06:40.001Z"}`,
		`{"event_type":"SESSION_TERMINATED","employee_id":"ada","employee_username":"countess","terminal_id":"till-1","reason":"new_login","timestamp":"2025-06-15T15:06:40.002Z"}`,
		`{"event_type":"EMPLOYEE_LOGIN","employee_id":"ada","employee_username":"countess","terminal_id":"till-2","timestamp":"2025-06-15T15:06:40.002Z"}`,
		`{"event_type":"EMPLOYEE_LOGOUT","employee_id":"ada","employee_username":"countess","terminal_id":"till-2","timestamp":"2025-06-15T15:06:40.003Z"}`,
		`{"event_type":"SESSION_TERMINATED","employee_id":"ada","employee_username":"countess","terminal_id":"till-2","reason":"locked","timestamp":"2025-06-15T15:06:40.003Z"}`,
	}, got)
}
