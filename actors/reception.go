package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

// Elsewhere is what other nodes may ask of this one beside commands and notices.
type Elsewhere interface {
	// TestTermination shows a notice that ends nothing; it may wait for sockets.
	TestTermination(terminal session.TerminalID, force bool) int
	// Status describes this node as JSON.
	Status() []byte
	// Drain begins to drain this node, and does not wait for it.
	Drain()
	// Look is told that the members have changed, before this node could see it.
	Look()
}

// reception is the actor that takes what other nodes send to this one, but for commands. It never
// waits, or no answer would get through.
type reception struct{ system *System }

func (s *System) spawnReception() {
	props := actor.PropsFromProducer(func() actor.Actor { return &reception{s} },
		actor.WithMailbox(func() actor.Mailbox { return &mailbox{workers: s.workers} }), actor.WithGuardian(s.steadfast))
	if _, err := s.actors.Root.SpawnNamed(props, gatewayName); err != nil {
		panic("the reception's name is unique: " + err.Error())
	}
}

// Receive implements actor.Actor.
func (r *reception) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(*wrapperspb.BytesValue)
	if !ok {
		return
	}
	e, ok := r.system.peers.openEnvelope(m)
	if !ok {
		return
	}
	p := r.system.peers
	switch e.Kind {
	case wire.KindAnswer, wire.KindRefused, wire.KindDelivery:
		p.heard(e)
	case wire.KindNotices:
		r.notices(e)
	case wire.KindAnnounce:
		r.announce(e)
	case wire.KindSurplus:
		if conn, err := wire.Number(e.Body); err == nil {
			r.system.options.Gateway.CloseSurplus(session.Socket{Node: r.system.options.Node, Conn: conn})
		}
	case wire.KindTest, wire.KindStatus, wire.KindDrain, wire.KindLook:
		go r.elsewhere(e)
	default:
		p.answer(&e, wire.KindRefused, nil, true)
	}
}

// notices writes them to this node's sockets, and reports what becomes of each.
func (r *reception) notices(e wire.Envelope) {
	list, err := wire.Notices(e.Body)
	if err != nil {
		r.system.peers.answer(&e, wire.KindRefused, nil, true)
		return
	}
	told := make([]session.Told, len(list))
	deliveries := make([]*session.Delivery, len(list))
	for i, n := range list {
		told[i] = session.Told{Socket: session.Socket{Node: r.system.options.Node, Conn: n.Conn}, Notice: n.Notice}
		deliveries[i] = session.NewDelivery(1)
	}
	r.system.options.Gateway.Tell(told, deliveries, time.Now())
	r.system.peers.follow(&e, deliveries)
}

// announce gives handles to the shards. They wait for the row, and no row is read for them.
func (r *reception) announce(e wire.Envelope) {
	list, err := wire.Announce(e.Body)
	if err != nil || !r.system.peers.router.MayOwn() {
		r.system.peers.answer(&e, wire.KindRefused, nil, true)
		return
	}
	for _, a := range list {
		handle := session.Handle{Socket: session.Socket{Node: e.From, Conn: a.Conn}, Session: a.Session}
		r.system.announce(a.Key, handle)
	}
	r.system.peers.answer(&e, wire.KindAnswer, nil, true)
}

func (s *System) announce(key session.Key, h session.Handle) {
	r := &Request{Command: announcement{handles: []session.Handle{h}}, key: key}
	s.actors.Root.Send(s.shards[shardOf(key)].pid, r)
}

// elsewhere may wait, so it has a goroutine of its own. There are as many as operators and other nodes
// ask at once.
func (r *reception) elsewhere(e wire.Envelope) {
	defer func() {
		if p := recover(); p != nil {
			r.system.options.Log.Error("a question of another node panicked", crashOf(p).attributes())
		}
	}()
	do, body := r.system.options.Elsewhere, []byte(nil)
	switch e.Kind {
	case wire.KindTest:
		t, err := wire.DecodeTest(e.Body)
		if err == nil {
			body = wire.AppendNumber(nil, uint64(do.TestTermination(t.Terminal, t.Force)))
		}
	case wire.KindStatus:
		if e.Ask != probeAsk {
			body = do.Status()
		}
	case wire.KindDrain:
		do.Drain()
	case wire.KindLook:
		do.Look()
	}
	r.system.peers.answer(&e, wire.KindAnswer, body, true)
}
