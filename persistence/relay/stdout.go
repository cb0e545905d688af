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
func (l Lines) Deliver(_ context.Context, events []Event, _ Keep) error {
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

// only passes on some types of events.
type only struct {
	Sink
	types map[string]bool
}

// Only is a sink that gets events of these types alone; all, when there are none.
func Only(s Sink, types []string) Sink {
	if len(types) == 0 {
		return s
	}
	o := only{Sink: s, types: map[string]bool{}}
	for _, t := range types {
		o.types[t] = true
	}
	return o
}

// Deliver implements Sink.
func (o only) Deliver(ctx context.Context, events []Event, keep Keep) error {
	var wanted []Event
	for i := range events {
		if o.types[events[i].Type.String()] {
			wanted = append(wanted, events[i])
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return o.Sink.Deliver(ctx, wanted, keep)
}
