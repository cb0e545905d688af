package actors

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	// silence is how long an owner may take to answer. Then the asking node runs the command itself:
	// whatever the silent one still does, the version decides between the two.
	silence = 500 * time.Millisecond
	// probeEvery is how often a node that was silent is asked whether it answers again. Until it
	// does nobody waits for it.
	probeEvery = 250 * time.Millisecond
	// maxAsks is how many questions to one node may be open. Further ones are refused with
	// ErrOverloaded: what they would wait for is a node that does not keep up.
	maxAsks = 4096
	// follows is how long reports about notices are waited for after an answer: a little longer than
	// any caller waits.
	follows = 3 * time.Second
	// maxFollowed is how many notices are followed in all. Past it nobody hears how far they got.
	maxFollowed = 16384
	// gatewayName is the actor that takes everything but commands.
	gatewayName = "hub/gateway"
)

var (
	errSilent  = errors.New("the other node does not answer")
	errRefused = errors.New("the other node refuses")
)

// peers asks other nodes. Any goroutine may call its methods.
type peers struct {
	system  *System
	router  Router
	refused prometheus.Counter
	out     *outboxes

	mu     sync.Mutex // of what follows; nothing is called while it is held
	asks   map[uint64]*ask
	open   map[session.Node]int // questions by node
	last   uint64
	silent map[session.Node]time.Time // when to probe it next
	closed bool
}

// ask is a question under way.
type ask struct {
	to       Peer
	until    time.Time
	answered bool // only reports about notices are still to come
	// part is called with every part of the answer, and last perhaps with an error; in order, never
	// two at once.
	part  func(e wire.Envelope, err error)
	parts sync.Mutex
}

func (a *ask) hear(e wire.Envelope, err error) {
	a.parts.Lock()
	defer a.parts.Unlock()
	a.part(e, err)
}

func newPeers(s *System, o *Options) *peers {
	return &peers{
		system: s, router: o.Router, refused: o.PeerRefused, out: newOutboxes(s.actors.Root, s.options.Log),
		asks: map[uint64]*ask{}, open: map[session.Node]int{}, silent: map[session.Node]time.Time{},
	}
}

// ask sends a question to an actor of another node. part hears errSilent when no answer comes in time,
// or at once when that node has been silent.
func (p *peers) ask(to Peer, actorName string, e wire.Envelope, within time.Duration, part func(wire.Envelope, error)) {
	p.mu.Lock()
	_, quiet := p.silent[to.Node]
	full := p.open[to.Node] >= maxAsks
	if quiet || p.closed || full {
		p.mu.Unlock()
		err := errSilent
		if full && !quiet {
			err = session.ErrOverloaded
			p.countRefused()
		}
		part(wire.Envelope{}, err)
		return
	}
	p.last++
	e.Ask = p.last
	p.asks[e.Ask] = &ask{to: to, until: time.Now().Add(within), part: part}
	p.open[to.Node]++
	p.mu.Unlock()
	p.send(to, actorName, e)
}

// tell sends without wanting an answer; nothing is sent to a node that is silent.
func (p *peers) tell(to Peer, actorName string, e wire.Envelope) {
	p.mu.Lock()
	_, quiet := p.silent[to.Node]
	quiet = quiet || p.closed
	p.mu.Unlock()
	if !quiet {
		p.send(to, actorName, e)
	}
}

func (p *peers) send(to Peer, actorName string, e wire.Envelope) {
	e.To, e.Version = to.Node, min(wire.Version(), to.Envelope) // an older node reads what it knows
	p.post(to.Address, actorName, e)
}

func (p *peers) post(address, actorName string, e wire.Envelope) {
	e.From, e.Reply = p.system.options.Node, p.system.actors.Address()
	if full := p.out.send(address, actorName, e.Seal()); full {
		p.countRefused()
	}
}

// answer sends a part of the answer to a question.
func (p *peers) answer(question *wire.Envelope, kind wire.Kind, body []byte, last bool) {
	if question.Ask == 0 {
		return
	}
	p.post(question.Reply, gatewayName, wire.Envelope{
		Version: min(wire.Version(), question.Version), Kind: kind, Ask: question.Ask, To: question.From, Last: last, Body: body,
	})
}

// heard gives a part of an answer to who asked.
func (p *peers) heard(e wire.Envelope) {
	p.mu.Lock()
	a := p.asks[e.Ask]
	if a == nil || a.to.Node != e.From {
		p.mu.Unlock()
		return // too late
	}
	switch {
	case e.Last || len(p.asks) > maxFollowed:
		p.drop(e.Ask, a)
	case !a.answered:
		a.answered, a.until = true, time.Now().Add(follows)
		p.settle(a)
	}
	p.mu.Unlock()
	a.hear(e, nil)
}

// drop forgets a question; the caller holds mu.
func (p *peers) drop(number uint64, a *ask) {
	delete(p.asks, number)
	if !a.answered {
		p.settle(a)
	}
}

// settle counts a question as answered; the caller holds mu.
func (p *peers) settle(a *ask) {
	if p.open[a.to.Node]--; p.open[a.to.Node] <= 0 {
		delete(p.open, a.to.Node)
	}
}

// seen notes that a node has said something.
func (p *peers) seen(node session.Node) {
	p.mu.Lock()
	delete(p.silent, node)
	p.mu.Unlock()
}

// lost answers every open question to that address at once: its connection is gone.
func (p *peers) lost(address string) {
	p.fail(func(a *ask) bool { return a.to.Address == address })
}

// fail gives errSilent to the questions that match, and asks nothing of their nodes until they answer.
func (p *peers) fail(match func(*ask) bool) {
	var failed []*ask
	p.mu.Lock()
	for number, a := range p.asks {
		if match(a) {
			p.drop(number, a)
			failed = append(failed, a)
			if _, quiet := p.silent[a.to.Node]; !quiet && !a.answered {
				p.silent[a.to.Node] = time.Now()
			}
		}
	}
	p.mu.Unlock()
	for _, a := range failed {
		a.hear(wire.Envelope{}, errSilent)
	}
}

// run keeps the deadlines until ctx is done; then every open question is answered with errSilent.
func (p *peers) run(ctx context.Context) {
	ticker := time.NewTicker(silence / 10)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			p.close()
			return
		case now := <-ticker.C:
			p.fail(func(a *ask) bool { return now.After(a.until) })
			p.probe(now)
			p.out.keep(p.router.Peers())
		}
	}
}

// close returns when nothing is sent any more. Open questions are answered with errSilent.
func (p *peers) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.out.close()
	p.fail(func(*ask) bool { return true })
}

// probe asks silent nodes for a sign of life, and forgets those that are no members any more.
func (p *peers) probe(now time.Time) {
	var due []Peer
	p.mu.Lock()
	for node, at := range p.silent {
		to, member := p.router.Peer(node)
		switch {
		case !member:
			delete(p.silent, node)
		case !now.Before(at):
			p.silent[node] = now.Add(probeEvery)
			due = append(due, to)
		}
	}
	p.mu.Unlock()
	for _, to := range due {
		// Nobody waits for the answer: whatever comes back is a sign of life.
		p.send(to, gatewayName, wire.Envelope{Kind: wire.KindStatus, Ask: probeAsk})
	}
}

// probeAsk is the number of questions whose answers nobody waits for.
const probeAsk = 1<<64 - 1

func (p *peers) countRefused() {
	if p.refused != nil {
		p.refused.Inc()
	}
}

// openEnvelope reads a message from another node and refuses what is not for this run or not understood: by a
// newer form, or because an older run of this node was meant.
func (p *peers) openEnvelope(m *wrapperspb.BytesValue) (wire.Envelope, bool) {
	e, err := wire.Open(m)
	if err != nil {
		return e, false
	}
	p.seen(e.From)
	if e.To != p.system.options.Node || e.Version > wire.Version() {
		p.answer(&e, wire.KindRefused, nil, true)
		return e, false
	}
	return e, true
}
