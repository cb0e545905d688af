package relay

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// Lines writes every event as one line of JSON, a structured CloudEvent.
type Lines struct{ W io.Writer }

// Deliver implements Sink.
func (l Lines) Deliver(_ context.Context, events []Event) error {
	var b bytes.Buffer
	for i := range events {
		b.Write(events[i].Structured())
		b.WriteByte('\n')
	}
	if _, err := l.W.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}

// Close implements Sink.
func (Lines) Close() {}
