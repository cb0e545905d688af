package setevent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Log is where polled streams read, and keep how far their receivers have come, whichever node serves them.
type Log interface {
	ReadLog(ctx context.Context, after store.LogPosition, limit int) (store.LogPage, error)
	Mark(ctx context.Context, name string) (store.LogPosition, error)
	relay.Marks
}

const (
	defaultMax = 100 // tokens in an answer
	mostMax    = 500
	pageEvents = 200
	lookEvery  = 200 * time.Millisecond
	// markEvery is how often the mark of a stream without endings is set: it holds the log.
	markEvery = 30 * time.Second
)

// polled is a stream that its receiver polls, at any node. A node keeps what it has shown since the mark;
// when another has moved the mark, or after a restart, it begins at the mark again and repeats, under the
// same ids, what was not acknowledged to any node (shared.go). Any goroutine may call its methods.
type polled struct {
	t      *Transmitter
	stream Stream

	mu      sync.Mutex
	base    store.LogPosition // where the mark was when this node last saw or moved it; empty: not begun
	at      store.LogPosition // the end of what was read behind it
	window  []stretch         // what was read, and not acknowledged
	extra   []token           // verifications, which are in no log, and shown by the node that was asked for them
	shared  shared
	marked  time.Time
	waiting bool // more is in the log
}

// begin looks where the mark is.
func (p *polled) begin(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rejoin(ctx)
}

// rejoin gives a new stream its mark, so that it misses nothing from now on, and forgets what was read
// behind a mark that another node has moved. Its caller has mu.
func (p *polled) rejoin(ctx context.Context) error {
	at, err := p.t.o.Log.Mark(ctx, p.mark())
	if err == nil && at == "" {
		if at, err = p.t.o.Log.LogEnd(ctx); err == nil {
			err = p.t.o.Log.MoveMark(ctx, p.mark(), "", at)
		}
		if errors.Is(err, session.ErrConflict) { // another node was first
			at, err = p.t.o.Log.Mark(ctx, p.mark())
		}
	}
	if err != nil {
		return err
	}
	if at != p.base {
		p.restart(at)
	}
	return p.hear(ctx)
}

func (p *polled) restart(at store.LogPosition) {
	p.base, p.at, p.window, p.marked = at, at, nil, time.Now()
}

func (p *polled) mark() string { return store.HoldPrefix + p.stream.Name }

// move sets the mark and reports that it has; false: another node was first, and this one goes on from there.
func (p *polled) move(ctx context.Context, to store.LogPosition) (moved bool, err error) {
	err = p.t.o.Log.MoveMark(ctx, p.mark(), p.base, to)
	if errors.Is(err, session.ErrConflict) {
		return false, p.rejoin(ctx)
	}
	if err != nil {
		return false, err
	}
	p.base, p.marked = to, time.Now()
	return true, nil
}

// acknowledge forgets tokens, and moves the mark behind what is wholly acknowledged. Some may have been
// shown by another node: then this one reads them first.
func (p *polled) acknowledge(ctx context.Context, ids map[string]bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.knows(ids) {
		if err := p.read(ctx, mostMax); err != nil {
			return err
		}
	}
	strange := p.strange(ids)
	p.forget(ids)
	if here, err := p.advance(ctx); err != nil || !here {
		return err
	}
	return p.share(ctx, strange)
}

// forget takes tokens out of what is to be shown.
func (p *polled) forget(ids map[string]bool) {
	p.extra = without(p.extra, ids)
	for i := range p.window {
		p.window[i].acknowledge(ids)
	}
}

// advance moves the mark; here says that no other node has done so meanwhile.
func (p *polled) advance(ctx context.Context) (here bool, err error) {
	done, to := 0, p.base
	for done < len(p.window) && len(p.window[done].tokens) == 0 {
		to = p.window[done].next
		done++
	}
	rest, passed := p.window[done:], 0
	if len(rest) > 0 {
		if to, passed, err = p.passed(ctx, &rest[0], to); err != nil {
			return false, err
		}
	}
	if to == p.base {
		return true, nil
	}
	moved, err := p.move(ctx, to)
	if moved {
		p.window = rest
		if passed > 0 {
			rest[0].cut(passed)
		}
	}
	return moved, err
}

// knows reports whether all of these were shown here and wait for their acknowledgement.
func (p *polled) knows(ids map[string]bool) bool {
	known := 0
	for _, s := range append([]stretch{{tokens: p.extra}}, p.window...) {
		for _, t := range s.tokens {
			if ids[t.id] {
				known++
			}
		}
	}
	return known == len(ids)
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

// look reads on and shows what there is.
func (p *polled) look(ctx context.Context, many int) (tokens []token, more bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.read(ctx, many); err != nil {
		return nil, false, err
	}
	tokens = append(tokens, p.extra...)
	for _, s := range p.window {
		tokens = append(tokens, s.tokens...)
	}
	more = len(tokens) > many || p.waiting
	return tokens[:min(many, len(tokens))], more, nil
}

// read reads on until there is enough or nothing more.
func (p *polled) read(ctx context.Context, many int) error {
	for p.count() < many {
		page, err := p.t.o.Log.ReadLog(ctx, p.at, pageEvents)
		if errors.Is(err, store.ErrPositionLost) {
			if err = p.lose(ctx, err); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := p.append(ctx, &page); err != nil {
			return err
		}
		if p.at != page.Next {
			continue // another node is elsewhere
		}
		if p.waiting = page.More; !page.More {
			break
		}
	}
	return nil
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
	s := stretch{done: map[string]int{}, next: page.Next}
	for i, event := range page.Events {
		if !event.Type.Ends() {
			continue
		}
		e := relay.Encode(p.t.o.Issuer, event)
		c := revocation(&e, p.stream.Audience, time.Now())
		jwt, err := p.t.o.Signer.SignAs(setType, c)
		if err != nil {
			return err
		}
		s.tokens = append(s.tokens, token{id: c.ID, jwt: jwt, behind: i})
	}
	p.at = page.Next
	ends := len(s.tokens) > 0
	s.acknowledge(p.shared.ids)
	if ends {
		p.window = append(p.window, s)
		return nil
	}
	if len(p.window) > 0 {
		p.window[len(p.window)-1].next = page.Next // passed with what is before it
		return nil
	}
	if len(page.Events) > 0 || time.Since(p.marked) > markEvery {
		_, err := p.move(ctx, page.Next)
		return err
	}
	return nil
}

// lose goes on from where another node has come meanwhile, or else from the present.
func (p *polled) lose(ctx context.Context, why error) error {
	before := p.base
	if err := p.rejoin(ctx); err != nil || p.base != before {
		return err
	}
	end, err := relay.Lose(ctx, p.t.o.Log, p.t.o.Logger, p.stream.Name, p.base, why)
	if errors.Is(err, session.ErrConflict) {
		return p.rejoin(ctx)
	}
	if err == nil {
		p.restart(end)
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
