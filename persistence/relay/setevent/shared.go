package setevent

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// shared is what was acknowledged behind the mark, to any node. Marks are between commits, and a commit may
// end more sessions than an answer holds: did each node know only what it was told itself, two that take
// turns would show the same two parts of such a commit for ever, and one of them a verification.
type shared struct {
	ids  map[string]bool
	text store.LogPosition // the same as the store has it: ids, sorted
}

// sharedMark has it, beside the stream's mark.
const sharedMark = "caep-acked/"

// hear takes what other nodes were told. Its caller has mu.
func (p *polled) hear(ctx context.Context) error {
	text, err := p.t.o.Log.Mark(ctx, sharedMark+p.stream.Name)
	if err != nil || text == p.shared.text {
		return err
	}
	ids := map[string]bool{}
	for _, id := range strings.Fields(string(text)) {
		ids[id] = true
	}
	p.shared = shared{ids: ids, text: text}
	p.forget(ids)
	return nil
}

// strange are those of the ids that this node has not shown and does not find in the log, at most as many as
// there may be verifications of another node. Its caller has mu.
func (p *polled) strange(ids map[string]bool) (strange []string) {
	known := map[string]bool{}
	for _, s := range append([]stretch{{tokens: p.extra}}, p.window...) {
		for _, t := range s.tokens {
			known[t.id] = true
		}
		for id := range s.done {
			known[id] = true
		}
	}
	for id := range ids {
		if !known[id] && len(strange) < maxVerifications {
			strange = append(strange, id)
		}
	}
	return strange
}

// share tells other nodes what this one knows, and what was strange to it until the next poll. When another
// was told something in this moment, that one's counts, and what is missing in it is shown once more. Its
// caller has mu.
func (p *polled) share(ctx context.Context, strange []string) error {
	ids := map[string]bool{}
	for _, id := range strange {
		ids[id] = true
	}
	for i := range p.window {
		for id := range p.window[i].done {
			ids[id] = true
		}
	}
	sorted := make([]string, 0, len(ids))
	for id := range ids {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted)
	text := store.LogPosition(strings.Join(sorted, " "))
	if text == p.shared.text {
		return nil
	}
	err := p.t.o.Log.MoveMark(ctx, sharedMark+p.stream.Name, p.shared.text, text)
	if errors.Is(err, session.ErrConflict) {
		return nil
	}
	if err == nil {
		p.shared = shared{ids: ids, text: text}
	}
	return err
}
