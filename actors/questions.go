package actors

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

// AskStatus asks every other node how it is; those that do not answer in time are missing.
func (s *System) AskStatus(ctx context.Context, within time.Duration) map[session.Node][]byte {
	return s.askAll(ctx, wire.Envelope{Kind: wire.KindStatus}, within)
}

// AskTest shows a notice that ends nothing to a terminal's sockets on every other node, and counts them.
func (s *System) AskTest(ctx context.Context, terminal session.TerminalID, force bool, within time.Duration) int {
	e := wire.Envelope{Kind: wire.KindTest, Body: wire.Test{Terminal: terminal, Force: force}.AppendTest(nil)}
	count := uint64(0)
	for _, body := range s.askAll(ctx, e, within) {
		if n, err := wire.Number(body); err == nil {
			count += n
		}
	}
	return int(count)
}

// AskDrain has another node begin to drain.
func (s *System) AskDrain(ctx context.Context, node session.Node, within time.Duration) error {
	to, member := s.options.Router.Peer(node)
	if !member {
		return session.ErrNotFound
	}
	answered := make(chan error, 1)
	s.peers.ask(to, gatewayName, wire.Envelope{Kind: wire.KindDrain}, within, func(part wire.Envelope, err error) {
		if err == nil && part.Kind != wire.KindAnswer {
			err = errRefused
		}
		answered <- err
	})
	select {
	case err := <-answered:
		if err != nil {
			return fmt.Errorf("drain %s: %w: %w", node, session.ErrUnavailable, err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TellLook has every other node look at the members now, instead of at its next beat.
func (s *System) TellLook() {
	for _, to := range s.options.Router.Peers() {
		s.peers.tell(to, gatewayName, wire.Envelope{Kind: wire.KindLook})
	}
}

// askAll asks every other node the same, and returns the answers that came in time.
func (s *System) askAll(ctx context.Context, e wire.Envelope, within time.Duration) map[session.Node][]byte {
	var mu sync.Mutex
	answers := map[session.Node][]byte{}
	var waiting sync.WaitGroup
	for _, to := range s.options.Router.Peers() {
		waiting.Add(1)
		s.peers.ask(to, gatewayName, e, within, func(part wire.Envelope, err error) {
			defer waiting.Done()
			if err == nil && part.Kind == wire.KindAnswer {
				mu.Lock()
				answers[to.Node] = part.Body
				mu.Unlock()
			}
		})
	}
	all := make(chan struct{})
	go func() { waiting.Wait(); close(all) }() // ends with the questions' time at the latest
	select {
	case <-all:
	case <-ctx.Done():
	}
	mu.Lock()
	defer mu.Unlock()
	return answers
}
