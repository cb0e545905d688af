package consume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
)

// place is a topic of one partition that nobody else uses, of a group by the same name.
type place struct {
	brokers []string
	topic   string
}

// newPlace is on kfake, or on the real brokers of HOTSEAT_TEST_KAFKA_BROKERS.
func newPlace(t *testing.T) place {
	t.Helper()
	at := place{topic: fmt.Sprintf("hotseat-test-logins-%d", time.Now().UnixNano())}
	given := os.Getenv("HOTSEAT_TEST_KAFKA_BROKERS")
	if given == "" {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, at.topic, at.topic+DeadSuffix))
		require.NoError(t, err)
		t.Cleanup(cluster.Close)
		at.brokers = cluster.ListenAddrs()
		return at
	}
	at.brokers = strings.Split(given, ",")
	admin, err := kadm.NewOptClient(kgo.SeedBrokers(at.brokers...))
	require.NoError(t, err)
	defer admin.Close()
	_, err = admin.CreateTopics(t.Context(), 1, -1, nil, at.topic, at.topic+DeadSuffix)
	require.NoError(t, err)
	return at
}

// reading is a Consumer that runs.
func reading(t *testing.T, at place, h Handler, change func(*Options)) (stop func()) {
	t.Helper()
	o := Options{Connection: kafka.Connection{Brokers: at.brokers}, Topic: at.topic, Group: at.topic, FromStart: true, Dead: true, Handler: h, Trouble: func(error) {}}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); require.NoError(t, <-done) })
	t.Cleanup(stop)
	return stop
}

func produce(t *testing.T, at place, records ...*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(at.brokers...), kgo.DefaultProduceTopic(at.topic))
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(t.Context(), records...).FirstErr())
}

// crashing handles an event and forgets to say so, as a consumer that is killed between the effect and
// the commit of the offset.
type crashing struct {
	Handler
	after int
	stop  context.CancelFunc
}

func (c *crashing) Handle(ctx context.Context, e *Event) error {
	if err := c.Handler.Handle(ctx, e); err != nil {
		return err
	}
	if c.after--; c.after == 0 {
		c.stop()
		return errors.New("killed")
	}
	return nil
}

// Fault 19: the next consumer gets the record again, and nothing happens twice.
func TestAConsumerThatDiesBeforeItsCommitEndsNothingTwice(t *testing.T) {
	at := newPlace(t)
	h, said := newHub(), []string{}
	for i := 1; i <= 5; i++ {
		produce(t, at, login(fmt.Sprintf("employee-%d", i), 1, h.now))
	}
	c, err := New(Options{Connection: kafka.Connection{Brokers: at.brokers}, Topic: at.topic, Group: at.topic, FromStart: true, Trouble: func(error) {}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	c.o.Handler = &crashing{Handler: enforcer(h, &said), after: 3, stop: stop}
	require.NoError(t, c.Run(ctx))
	require.Len(t, h.made(), 3)

	var again []string
	halt := reading(t, at, enforcer(h, &again), nil)
	require.Eventually(t, func() bool { return len(h.made()) == 5 }, soon, time.Millisecond)
	halt()
	require.Equal(t, "skipped: seen already", again[0], "the third came twice")
	require.Len(t, again, 3, "the first two were committed")
}

// Fault 20: poison is kept, with its reason and place, and what is behind it goes on.
func TestPoisonGoesToItsTopicAndTheRestGoesOn(t *testing.T) {
	at := newPlace(t)
	h, said := newHub(), []string{}
	produce(t, at, login("ada", 1, h.now), &kgo.Record{Key: []byte("k"), Value: []byte("\xff\x00"), Headers: []kgo.RecordHeader{{Key: "x", Value: []byte("y")}}}, login("bea", 1, h.now))
	stop := reading(t, at, enforcer(h, &said), nil)
	require.Eventually(t, func() bool { return len(h.made()) == 2 }, soon, time.Millisecond)
	stop()
	client, err := kgo.NewClient(kgo.SeedBrokers(at.brokers...), kgo.ConsumeTopics(at.topic+DeadSuffix), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	dead := client.PollFetches(ctx).Records()
	require.Len(t, dead, 1)
	require.Equal(t, "\xff\x00", string(dead[0].Value))
	require.Equal(t, "k", string(dead[0].Key))
	require.Equal(t, "y", string(dead[0].Headers[0].Value))
	require.Equal(t, at.topic+"/0/1", string(dead[0].Headers[2].Value))
}

// While the server is away the consumer waits: nothing is skipped, nothing is committed.
func TestAServerThatIsAwayIsWaitedFor(t *testing.T) {
	at := newPlace(t)
	h, said, troubles := newHub(), []string{}, make(chan error, 100)
	h.away = &client.Unreachable{Server: "x", Err: errors.New("refused")}
	produce(t, at, login("ada", 1, h.now), login("bea", 1, h.now))
	stop := reading(t, at, enforcer(h, &said), func(o *Options) { o.Trouble = func(err error) { troubles <- err } })
	for range 3 {
		require.ErrorContains(t, <-troubles, at.topic+"/0/0")
	}
	require.Empty(t, h.made())
	h.set(func(h *hub) { h.away = nil })
	require.Eventually(t, func() bool { return len(h.made()) == 2 }, soon, time.Millisecond)
	stop()
}
