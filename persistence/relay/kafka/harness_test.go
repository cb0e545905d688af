package kafka_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
	"github.com/hotseat-hub/hotseat/session"
)

// variable names real brokers to run the suite on, instead of kfake.
const variable = "HOTSEAT_TEST_KAFKA_BROKERS"

func TestMain(m *testing.M) {
	if os.Getenv(variable) == "" {
		fmt.Fprintln(os.Stderr, "the suite runs over kfake, a broker in this process; set "+variable+" to run it on a real one")
	}
	goleak.VerifyTestMain(m)
}

const soon = 20 * time.Second

var topics atomic.Int64

// brokers are those under test, and a topic that nobody else uses. The cluster is nil for real ones.
func brokers(t *testing.T, opts ...kfake.Opt) (addrs []string, topic string, cluster *kfake.Cluster) {
	t.Helper()
	topic = fmt.Sprintf("hotseat-test-%d-%d", time.Now().UnixNano(), topics.Add(1))
	if given := os.Getenv(variable); given != "" && len(opts) == 0 {
		addrs = strings.Split(given, ",")
		admin, err := kadm.NewOptClient(kgo.SeedBrokers(addrs...))
		require.NoError(t, err)
		defer admin.Close()
		_, err = admin.CreateTopic(t.Context(), 3, -1, nil, topic)
		require.NoError(t, err)
		return addrs, topic, nil
	}
	return fake(t, topic, opts...)
}

func fake(t *testing.T, topic string, opts ...kfake.Opt) ([]string, string, *kfake.Cluster) {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(3, topic)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs(), topic, cluster
}

func sink(t *testing.T, addrs []string, topic string, change ...func(*kafka.Options)) *kafka.Sink {
	t.Helper()
	o := kafka.Options{Connection: kafka.Connection{Brokers: addrs}, Topic: topic, Installation: "https://hub.example"}
	for _, c := range change {
		c(&o)
	}
	s, err := kafka.New(o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// takeovers are the events of an employee's logins, each but the first at another terminal's cost.
func takeovers(employee string, from, to int) (events []relay.Event) {
	add := func(e session.Event) {
		e.Employee, e.At = session.EmployeeID(employee), 1_750_000_000_000+session.Time(e.Epoch)
		events = append(events, relay.Encode("https://hub.example", e))
	}
	for epoch := from; epoch <= to; epoch++ {
		n := 1
		if epoch > 1 {
			add(session.Event{
				Type: session.Terminated, Epoch: session.Epoch(epoch), N: 1, Session: one(epoch - 1),
				Reason: session.ReasonNewLogin, By: session.By{Terminal: one(epoch).Terminal},
			})
			n = 2
		}
		add(session.Event{Type: session.Started, Epoch: session.Epoch(epoch), N: n, Session: one(epoch), Actor: "pos"})
	}
	return events
}

func one(epoch int) session.Session {
	return session.Session{ID: session.ID{1, byte(epoch)}, Terminal: session.TerminalID(fmt.Sprintf("till-%d", epoch)), Epoch: session.Epoch(epoch)}
}

// committed reads the topic from its beginning as consumers of committed records do, until many came.
func committed(t *testing.T, addrs []string, topic string, many int, opts ...kgo.Opt) (records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(addrs...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100 * time.Millisecond),
	}, opts...)...)
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for len(records) < many {
		fetches := client.PollFetches(ctx)
		require.NoError(t, ctx.Err(), "%d records, not %d", len(records), many)
		fetches.EachRecord(func(r *kgo.Record) { records = append(records, r) })
	}
	return records
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// idsOf are the records' event ids by employee, in order.
func idsOf(records []*kgo.Record) map[string][]string {
	found := map[string][]string{}
	for _, r := range records {
		found[string(r.Key)] = append(found[string(r.Key)], header(r, "ce_id"))
	}
	return found
}

func idsWanted(pages ...[]relay.Event) map[string][]string {
	want := map[string][]string{}
	for _, page := range pages {
		for _, e := range page {
			want[string(e.Employee)] = append(want[string(e.Employee)], e.ID)
		}
	}
	return want
}
