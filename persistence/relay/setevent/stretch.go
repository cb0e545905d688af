package setevent

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

// token is a signed one that its receiver has not acknowledged.
type token struct {
	id, jwt string
	behind  int // how many events of its stretch come before it
}

// stretch is a part of the log, read and not yet acknowledged as a whole.
type stretch struct {
	tokens []token
	done   map[string]int // those acknowledged, and how many events come before each
	next   store.LogPosition
}

// acknowledge forgets tokens, but not that they were there.
func (s *stretch) acknowledge(ids map[string]bool) {
	for _, t := range s.tokens {
		if ids[t.id] {
			s.done[t.id] = t.behind
		}
	}
	s.tokens = without(s.tokens, ids)
}

func without(tokens []token, ids map[string]bool) []token {
	kept := tokens[:0]
	for _, t := range tokens {
		if !ids[t.id] {
			kept = append(kept, t)
		}
	}
	return kept
}

// cut leaves off the events that the mark has passed.
func (s *stretch) cut(events int) {
	for i := range s.tokens {
		s.tokens[i].behind -= events
	}
	for id := range s.done {
		if s.done[id] -= events; s.done[id] < 0 {
			delete(s.done, id)
		}
	}
}

// passed finds how far the stretch, which begins at from, is acknowledged without a gap. Polls go to any node,
// and each knows only what was acknowledged to itself: did the mark wait for the whole stretch, nodes that take
// turns would each wait for what the other was told. Positions are between commits, and a page has none but its
// last, so the place is sought with shorter and shorter pages.
func (p *polled) passed(ctx context.Context, s *stretch, from store.LogPosition) (to store.LogPosition, events int, err error) {
	left := s.tokens[0].behind
	for step := left; step > 0; step = min(step, left-events) {
		page, err := p.t.o.Log.ReadLog(ctx, from, step)
		if errors.Is(err, store.ErrPositionLost) || err == nil && len(page.Events) == 0 {
			break // it was read in time, and is acknowledged as a whole
		}
		if err != nil {
			return from, events, err
		}
		if !s.acknowledged(&page, p.stream.Audience) {
			step /= 2
			continue
		}
		from, events = page.Next, events+len(page.Events)
	}
	return from, events, nil
}

// acknowledged reports whether all endings of a page are.
func (s *stretch) acknowledged(page *store.LogPage, audience string) bool {
	for i := range page.Events {
		e := &page.Events[i]
		if _, done := s.done[tokenID(audience, relay.IDOf(e))]; e.Type.Ends() && !done {
			return false
		}
	}
	return true
}
