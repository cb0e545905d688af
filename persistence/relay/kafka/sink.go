package kafka

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/persistence/relay"
)

// Options of a Sink. The zero value of a field is its default.
type Options struct {
	Connection Connection
	Topic      string
	Format     Format // CloudEvents
	// Installation tells apart the hubs that write to one cluster of brokers: the issuer. Two with
	// the same would fence each other.
	Installation string
	// Timeout bounds the delivery of a page, and how long a transaction whose leader has gone may
	// hold back those who read committed records; 10 s.
	Timeout time.Duration
}

// Sink writes pages to one topic. One goroutine at a time; it connects when it first has something to
// deliver, and anew after every failure.
type Sink struct {
	o      Options
	opts   []kgo.Opt
	client *kgo.Client // nil: none
	close  func()      // closes client, once
}

// New checks the options; it talks to nobody.
func New(o Options) (*Sink, error) {
	if o.Topic == "" {
		return nil, errors.New("kafka: no topic given")
	}
	if o.Format == nil {
		o.Format = CloudEvents
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Connection.ClientID == "" {
		o.Connection.ClientID = "hotseat-relay"
	}
	opts, err := o.Connection.Options()
	if err != nil {
		return nil, err
	}
	opts = append(opts,
		kgo.TransactionalID(transactionalID(o.Installation, o.Topic)), kgo.TransactionTimeout(o.Timeout),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(0),
		kgo.DefaultProduceTopic(o.Topic), kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(5),
	)
	return &Sink{o: o, opts: opts}, nil
}

// transactionalID is the same for every node of an installation, which is what fences.
func transactionalID(installation, topic string) string {
	sum := sha256.Sum256([]byte(installation))
	return "hotseat-relay-" + hex.EncodeToString(sum[:6]) + "-" + topic
}

// Deliver implements relay.Sink: the page is one transaction.
func (s *Sink) Deliver(ctx context.Context, events []relay.Event, _ relay.Keep) error {
	records, err := s.o.Format(ctx, events)
	if err != nil || len(records) == 0 {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	if err := s.transact(bounded, records); err != nil {
		// Whatever became of the transaction: the next one begins by ending it.
		s.Close()
		return problem(s.o.Topic, err)
	}
	return nil
}

func (s *Sink) transact(ctx context.Context, records []*kgo.Record) error {
	if s.client == nil {
		client, err := kgo.NewClient(s.opts...)
		if err != nil {
			return err
		}
		s.client, s.close = client, sync.OnceFunc(client.Close)
	}
	// Records that are on their way cannot be called back, and would wait for a broker that is away
	// as long as it takes. (The client's own time limit counts from a record's time, which is the
	// event's.)
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	if err := s.client.BeginTransaction(); err != nil {
		return err
	}
	if err := s.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	return s.client.EndTransaction(ctx, kgo.TryCommit)
}

// problem tells being fenced from what another try may mend.
func problem(topic string, err error) error {
	if errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) {
		return fmt.Errorf("kafka topic %s: %w: %w", topic, relay.ErrFenced, err)
	}
	return fmt.Errorf("kafka topic %s: %w", topic, err)
}

// Close implements relay.Sink. It waits for nothing: what was not committed is aborted by the next
// leader or by the broker.
func (s *Sink) Close() {
	if s.client != nil {
		s.close()
		s.client = nil
	}
}
