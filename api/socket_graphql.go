package api

import (
	"context"
	"encoding/json"

	"github.com/hotseat-hub/hotseat/api/graphql/generated"
	"github.com/hotseat-hub/hotseat/hub"
)

// Events is the field sessionEvents: what a socket of the session would hear, until its end.
func (f *fields) Events(ctx context.Context) (<-chan *generated.SessionEvent, error) {
	x := f.at(ctx)
	s, err := x.subscribe(hub.SSE)
	if err != nil {
		return nil, f.failure(err)
	}
	if s == nil {
		return nil, f.failure(errInternal) // only a HEAD has none, and it runs no subscription
	}
	events := make(chan *generated.SessionEvent)
	go func() {
		defer close(events)
		defer s.Leave()
		for {
			messages, last := s.Take()
			for _, m := range messages {
				event, err := eventField(m)
				if err != nil {
					return
				}
				select {
				case events <- event:
				case <-ctx.Done():
					return
				}
			}
			s.Wrote(len(messages))
			if last {
				return
			}
			select {
			case <-s.Changed():
			case <-ctx.Done():
				return
			case <-x.streams.ended:
				return
			}
		}
	}()
	return events, nil
}

// eventField is a message of the hub in GraphQL's names.
func eventField(m hub.Message) (*generated.SessionEvent, error) {
	var sent struct {
		Type        string  `json:"type"`
		Message     *string `json:"message"`
		Reason      *string `json:"reason"`
		Timestamp   *string `json:"timestamp"`
		SessionID   *string `json:"session_id"`
		TerminalID  *string `json:"terminal_id"`
		Epoch       *int    `json:"epoch"`
		Seq         *int    `json:"seq"`
		Test        *bool   `json:"test"`
		ExpiresAt   *string `json:"expires_at"`
		ReconnectMS *int    `json:"reconnect_after_ms"`
		By          *struct {
			TerminalID *string `json:"terminal_id"`
			DeviceName *string `json:"device_name"`
			Name       *string `json:"name"`
		} `json:"by"`
	}
	if err := json.Unmarshal(m.JSON, &sent); err != nil {
		return nil, err
	}
	return &generated.SessionEvent{
		Type: sent.Type, Message: sent.Message, Reason: sent.Reason, Timestamp: sent.Timestamp, SessionID: sent.SessionID,
		TerminalID: sent.TerminalID, Epoch: sent.Epoch, Seq: sent.Seq, Test: sent.Test, ExpiresAt: sent.ExpiresAt,
		ReconnectAfterMs: sent.ReconnectMS, By: (*generated.By)(sent.By),
	}, nil
}
