package setevent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

// Log is where polled streams read, and keep how far their receivers have come.
type Log interface {
	ReadLog(ctx context.Context, after store.LogPosition, limit int) (store.LogPage, error)
	LogEnd(ctx context.Context) (store.LogPosition, error)
	Mark(ctx context.Context, name string) (store.LogPosition, error)
	SetMark(ctx context.Context, name string, at store.LogPosition) error
}

const (
	defaultMax = 100 // tokens in an answer
	mostMax    = 500
	pageEvents = 200
	lookEvery  = 200 * time.Millisecond
	// markEvery is how often the mark of a stream without endings is set: it holds the log.
	markEvery = 30 * time.Second
)

// token is a signed one that its receiver has not acknowledged.
type token struct{ id, jwt string }

// stretch is a part of the log, read and not yet acknowledged as a whole.
type stretch struct {
	tokens []token
	next   store.LogPosition
}

// polled is a stream that its receiver polls. A node keeps what it has shown since the mark; another
// node, or this one after a restart, begins at the mark again and repeats, under the same ids. Any
// goroutine may call its methods.
type polled struct {
	t      *Transmitter
	stream Stream

	mu      sync.Mutex
	at      store.LogPosition // the end of what was read; empty: not begun
	window  []stretch
	extra   []token // verifications, which are in no log
	marked  time.Time
	waiting bool // more is in the log
}

// begin gives a new stream its mark, so that it misses nothing from now on.
func (p *polled) begin(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at != "" {
		return nil
	}
	at, err := p.t.o.Log.Mark(ctx, p.mark())
	if err == nil && at == "" {
		if at, err = p.t.o.Log.LogEnd(ctx); err == nil {
			err = p.t.o.Log.SetMark(ctx, p.mark(), at)
		}
	}
	if err == nil {
		p.at, p.marked = at, time.Now()
	}
	return err
}

func (p *polled) mark() string { return store.HoldPrefix + p.stream.Name }

// acknowledge forgets tokens, and moves the mark behind what is wholly acknowledged.
func (p *polled) acknowledge(ctx context.Context, ids map[string]bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.extra = without(p.extra, ids)
	for i := range p.window {
		p.window[i].tokens = without(p.window[i].tokens, ids)
	}
	done := 0
	for done < len(p.window) && len(p.window[done].tokens) == 0 {
		done++
	}
	if done == 0 {
		return nil
	}
	if err := p.t.o.Log.SetMark(ctx, p.mark(), p.window[done-1].next); err != nil {
		return err
	}
	p.window, p.marked = p.window[done:], time.Now()
	return nil
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

// take answers at most many tokens that are not acknowledged, the oldest first. It waits for one until
// ctx is done.
func (p *polled) take(ctx context.Context, many int, wait bool) (tokens []token, more bool, err error) {
	for {
		tokens, more, err = p.look(ctx, many)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, false, nil
		case err != nil || len(tokens) > 0 || !wait:
			return tokens, more, err
		}
		select {
		case <-ctx.Done():
			return nil, false, nil
		case <-time.After(lookEvery):
		}
	}
}

// look reads on until there is enough or nothing more.
func (p *polled) look(ctx context.Context, many int) (tokens []token, more bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.count() < many {
		page, err := p.t.o.Log.ReadLog(ctx, p.at, pageEvents)
		if errors.Is(err, store.ErrPositionLost) {
			if err = p.lose(ctx, err); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, false, err
		}
		if err := p.append(ctx, &page); err != nil {
			return nil, false, err
		}
		if p.waiting = page.More; !page.More {
			break
		}
	}
	tokens = append(tokens, p.extra...)
	for _, s := range p.window {
		tokens = append(tokens, s.tokens...)
	}
	more = len(tokens) > many || p.waiting
	return tokens[:min(many, len(tokens))], more, nil
}

func (p *polled) count() int {
	n := len(p.extra)
	for _, s := range p.window {
		n += len(s.tokens)
	}
	return n
}

// append signs the page's endings.
func (p *polled) append(ctx context.Context, page *store.LogPage) error {
	s := stretch{next: page.Next}
	for _, event := range page.Events {
		if !event.Type.Ends() {
			continue
		}
		e := relay.Encode(p.t.o.Issuer, event)
		c := revocation(&e, p.stream.Audience, time.Now())
		jwt, err := p.t.o.Signer.SignAs(setType, c)
		if err != nil {
			return err
		}
		s.tokens = append(s.tokens, token{c.ID, jwt})
	}
	p.at = page.Next
	if len(s.tokens) > 0 {
		p.window = append(p.window, s)
		return nil
	}
	if len(p.window) > 0 {
		p.window[len(p.window)-1].next = page.Next // passed with what is before it
		return nil
	}
	if len(page.Events) > 0 || time.Since(p.marked) > markEvery {
		p.marked = time.Now()
		return p.t.o.Log.SetMark(ctx, p.mark(), page.Next)
	}
	return nil
}

// lose goes on from the present.
func (p *polled) lose(ctx context.Context, why error) error {
	end, err := p.t.o.Log.LogEnd(ctx)
	if err == nil {
		err = p.t.o.Log.SetMark(ctx, p.mark(), end)
	}
	if err == nil {
		p.at, p.window = end, nil
		p.t.o.Logger.Error("a sink is lost: it was away for longer than events are kept, has missed some for ever, and goes on from the present",
			"sink", p.stream.Name, "why", why)
	}
	return err
}

// add puts a token before all others.
func (p *polled) add(t token) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.extra) >= maxVerifications {
		p.extra = p.extra[1:]
	}
	p.extra = append(p.extra, t)
}

// maxVerifications bounds those that wait for a poll; the oldest goes.
const maxVerifications = 16
