package consume

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
)

// Handler does what an event asks for. An error that is no poison is tried again for ever: nothing
// behind it is handled before.
type Handler interface {
	Handle(ctx context.Context, e *Event) error
}

// Options of a Consumer.
type Options struct {
	Connection kafka.Connection
	Topic      string
	Group      string // empty: every record, and no offset is kept
	FromStart  bool   // where a group without offsets begins; else at the end
	// Dead keeps poison in <topic>.dead; otherwise it is only reported.
	Dead    bool
	Handler Handler
	// Count ends Run after so many events; 0: never.
	Count int
	// Trouble hears of what goes wrong, and of poison.
	Trouble func(err error)
}

// Consumer reads one topic. Run is called once.
type Consumer struct {
	o      Options
	client *kgo.Client
	seen   int
}

// sessionTimeout is how long the partitions of a consumer that was killed stay without one. Brokers allow
// six seconds at the least; with the client's own default, 45, logins would go unenforced for that long.
const sessionTimeout = 10 * time.Second

// New checks the options; it talks to nobody.
func New(o Options) (*Consumer, error) {
	opts, err := o.Connection.Options()
	if err != nil {
		return nil, err
	}
	from := kgo.NewOffset().AtEnd()
	if o.FromStart {
		from = kgo.NewOffset().AtStart()
	}
	opts = append(opts,
		kgo.ConsumeTopics(o.Topic), kgo.ConsumeResetOffset(from), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(500*time.Millisecond), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.AllowAutoTopicCreation(),
	)
	if o.Group != "" {
		// A partition is given to another consumer only between two calls of Run's loop, with its
		// offsets committed.
		opts = append(opts, kgo.ConsumerGroup(o.Group), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
			kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(sessionTimeout/4))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return &Consumer{o: o, client: client}, nil
}

// batch bounds how many records are handled between two commits of offsets.
const batch = 100

// Run consumes until ctx is done or enough was seen; then it returns nil.
func (c *Consumer) Run(ctx context.Context) error {
	defer c.client.CloseAllowingRebalance()
	for ctx.Err() == nil && !c.enough() {
		fetches := c.client.PollRecords(ctx, batch)
		if ctx.Err() != nil {
			return nil
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			c.o.Trouble(fmt.Errorf("read %s/%d: %w", topic, partition, err))
		})
		if err := c.handle(ctx, fetches.Records()); err != nil {
			return err
		}
		if c.o.Group != "" {
			c.client.AllowRebalance()
		}
	}
	return nil
}

func (c *Consumer) enough() bool { return c.o.Count > 0 && c.seen >= c.o.Count }

// handle commits what it has done, also when it is stopped halfway.
func (c *Consumer) handle(ctx context.Context, records []*kgo.Record) error {
	done := records[:0:0]
	for _, r := range records {
		if err := c.settle(ctx, r); err != nil {
			break // only ctx ends settle
		}
		done = append(done, r)
		if c.seen++; c.enough() {
			break
		}
	}
	if c.o.Group == "" || len(done) == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := c.client.CommitRecords(bounded, done...); err != nil {
		// The next commit covers it; until then the records may be handled again, which is harmless.
		c.o.Trouble(fmt.Errorf("commit offsets: %w", err))
	}
	return nil
}

// settle tries until the record has had its effect or is in the dead-letter topic.
func (c *Consumer) settle(ctx context.Context, r *kgo.Record) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := c.once(ctx, r)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.o.Trouble(fmt.Errorf("record %s/%d/%d: %w", r.Topic, r.Partition, r.Offset, err))
		var p *client.Problem
		if errors.As(err, &p) {
			wait = max(wait, min(p.RetryAfter, 10*time.Second))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

func (c *Consumer) once(ctx context.Context, r *kgo.Record) error {
	e, err := Parse(r)
	if err == nil {
		err = c.o.Handler.Handle(ctx, &e)
	}
	if !errors.Is(err, errPoison) {
		return err
	}
	c.o.Trouble(fmt.Errorf("record %s/%d/%d: %w", r.Topic, r.Partition, r.Offset, err))
	if !c.o.Dead {
		return nil
	}
	return c.bury(ctx, r, err)
}

// DeadSuffix names the topic of what nobody understands, behind the topic's own name.
const DeadSuffix = ".dead"

// bury keeps the record as it came, with the reason and its place in headers.
func (c *Consumer) bury(ctx context.Context, r *kgo.Record, why error) error {
	dead := &kgo.Record{
		Topic: c.o.Topic + DeadSuffix, Key: r.Key, Value: r.Value,
		Headers: append(append([]kgo.RecordHeader(nil), r.Headers...),
			kgo.RecordHeader{Key: "hotseat-error", Value: []byte(why.Error())},
			kgo.RecordHeader{Key: "hotseat-record", Value: fmt.Appendf(nil, "%s/%d/%d", r.Topic, r.Partition, r.Offset)}),
	}
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := c.client.ProduceSync(bounded, dead).FirstErr(); err != nil {
		return fmt.Errorf("keep it in %s: %w", dead.Topic, err)
	}
	return nil
}
