package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/persistence/relay"
)

// Format makes the records of a page, in order. It may leave events out.
type Format func(ctx context.Context, events []relay.Event) ([]*kgo.Record, error)

// CloudEvents is the binary mode of CloudEvents 1.0 over Kafka: attributes are headers with the prefix
// ce_, the value is the data. The key is the employee, whose events share a partition and so an order.
func CloudEvents(_ context.Context, events []relay.Event) ([]*kgo.Record, error) {
	records := make([]*kgo.Record, len(events))
	for i := range events {
		e := &events[i]
		records[i] = &kgo.Record{
			Key: []byte(e.Employee), Value: e.Data, Timestamp: e.At.Std(),
			Headers: []kgo.RecordHeader{
				header("ce_specversion", relay.SpecVersion),
				header("ce_id", e.ID),
				header("ce_source", e.Source),
				header("ce_type", e.Type.String()),
				header("ce_subject", string(e.Employee)),
				header("ce_time", e.At.String()),
				header("ce_partitionkey", string(e.Employee)),
				header("content-type", "application/json"),
			},
		}
	}
	return records, nil
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}

// Signed is CloudEvents with the attribute `signature`, for consumers that share the secret.
func Signed(secret []byte) Format {
	return func(ctx context.Context, events []relay.Event) ([]*kgo.Record, error) {
		records, err := CloudEvents(ctx, events)
		for i, r := range records {
			e := &events[i]
			signature := relay.Signature(secret, e.ID, e.Source, e.Type.String(), string(e.Employee), e.At.String(), e.Data)
			r.Headers = append(r.Headers, header(SignatureHeader, signature))
		}
		return records, err
	}
}

// SignatureHeader has the signature of relay.Signature.
const SignatureHeader = "ce_signature"
