package actors

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

// Actors is what a remote is started on.
func (s *System) Actors() *actor.ActorSystem { return s.actors }

// ConnectionLost says that the connection to another node's actors is gone.
func (s *System) ConnectionLost(address string) { s.peers.lost(address) }

// Disconnect ends the talk with other nodes, before the remote is stopped. Commands that wait for
// another node are run here.
func (s *System) Disconnect() { s.peers.close() }

// NodesLeft drops the handles of runs that are no members any more. It is called when the members have
// changed.
func (s *System) NodesLeft() {
	member := map[session.Node]bool{s.options.Node: true}
	for _, p := range s.options.Router.Peers() {
		member[p.Node] = true
	}
	gone := nodesLost(func(node session.Node) bool { return !member[node] })
	for _, sh := range s.shards {
		s.actors.Root.Send(sh.pid, gone)
	}
}

// memoryIsFresh: on a node of a cluster only an owner's memory is, and only what it has read or written
// since nobody else can think that it is the owner. An owner of long ago that got the employee back
// remembers a row that others have changed.
func (s *System) memoryIsFresh(key session.Key, synced session.Time) bool {
	if s.peers == nil {
		return s.options.MemoryIsFresh()
	}
	_, self := s.options.Router.Owner(key)
	return self && s.options.Clock.Now().Sub(synced) < s.options.Router.FreshFor()
}

// remote takes a command from another node, if this one may decide about its employee.
func (sh *shard) remote(m *wrapperspb.BytesValue) {
	p := sh.system.peers
	if p == nil {
		return
	}
	e, ok := p.openEnvelope(m)
	if !ok {
		return
	}
	key, cmd, err := wire.Command(e.Body)
	if err != nil || e.Kind != wire.KindCommand || shardOf(key) != sh.number || !p.router.MayOwn() || !sh.owns(key) {
		p.answer(&e, wire.KindRefused, nil, true)
		return
	}
	sh.forward(&Request{Command: cmd, At: time.Now(), key: key, Done: func(reply session.Reply, err error) {
		if errors.Is(err, session.ErrPassed) {
			p.answer(&e, wire.KindRefused, nil, true)
			return
		}
		p.answer(&e, wire.KindAnswer, wire.AppendAnswer(nil, reply, err), len(reply.Deliveries) == 0)
		p.follow(&e, reply.Deliveries)
	}})
}

func (sh *shard) owns(key session.Key) bool {
	_, self := sh.system.options.Router.Owner(key)
	return self
}

// follow reports to another node how far notices get.
func (p *peers) follow(question *wire.Envelope, deliveries []*session.Delivery) {
	var open atomic.Int64
	open.Store(int64(len(deliveries)))
	for i, d := range deliveries {
		d.Forward(func(stage session.Stage, after time.Duration) {
			body := wire.Delivery{Index: i, Stage: stage, After: after}.AppendDelivery(nil)
			last := stage != session.Sent && open.Add(-1) == 0
			p.answer(question, wire.KindDelivery, body, last)
		})
	}
}

// tell gives notices to the sockets of this node, and sends one batch to each other node.
func (s *System) tell(told []session.Told, deliveries []*session.Delivery, since time.Time) {
	if s.peers == nil {
		s.options.Gateway.Tell(told, deliveries, since)
		return
	}
	var batches map[session.Node]*batch
	for i := range told {
		node := told[i].Socket.Node
		if node == s.options.Node {
			s.options.Gateway.Tell(told[i:i+1], deliveries[i:i+1], since)
			continue
		}
		if batches == nil {
			batches = map[session.Node]*batch{}
		}
		if batches[node] == nil {
			batches[node] = &batch{}
		}
		batches[node].add(told[i], deliveries[i])
	}
	for node, b := range batches {
		s.peers.notify(node, b, since)
	}
}

// batch is notices for one node.
type batch struct {
	notices    []wire.Notice
	deliveries []*session.Delivery
}

func (b *batch) add(t session.Told, d *session.Delivery) {
	b.notices = append(b.notices, wire.Notice{Conn: t.Socket.Conn, Notice: t.Notice})
	b.deliveries = append(b.deliveries, d)
}

func (b *batch) offline() {
	for _, d := range b.deliveries {
		if d != nil {
			d.Report(session.Offline, 0)
		}
	}
}

// notify sends a batch, cut to size. What does not arrive, the tail of that node brings.
func (p *peers) notify(node session.Node, b *batch, since time.Time) {
	for len(b.notices) > wire.MaxBatch {
		p.notify(node, &batch{b.notices[:wire.MaxBatch], b.deliveries[:wire.MaxBatch]}, since)
		b = &batch{b.notices[wire.MaxBatch:], b.deliveries[wire.MaxBatch:]}
	}
	to, member := p.router.Peer(node)
	if !member {
		b.offline()
		return
	}
	e := wire.Envelope{Kind: wire.KindNotices, Body: wire.AppendNotices(nil, b.notices)}
	settled := make([]bool, len(b.deliveries)) // by the parts, which come one after the other
	p.ask(to, gatewayName, e, silence, func(part wire.Envelope, err error) {
		d, malformed := wire.DecodeDelivery(part.Body)
		if err != nil || part.Kind == wire.KindRefused {
			for i, d := range b.deliveries {
				if d != nil && !settled[i] {
					d.Report(session.Offline, 0)
				}
			}
			return
		}
		if part.Kind != wire.KindDelivery || malformed != nil || d.Index >= len(b.deliveries) || b.deliveries[d.Index] == nil {
			return
		}
		settled[d.Index] = true
		b.deliveries[d.Index].Report(d.Stage, time.Since(since))
	})
}

// closeSurplus closes a socket, wherever it is.
func (s *System) closeSurplus(socket session.Socket) {
	if s.peers == nil || socket.Node == s.options.Node {
		s.options.Gateway.CloseSurplus(socket)
		return
	}
	if to, member := s.options.Router.Peer(socket.Node); member {
		s.peers.tell(to, gatewayName, wire.Envelope{Kind: wire.KindSurplus, Body: wire.AppendNumber(nil, socket.Conn)})
	}
}
