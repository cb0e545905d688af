package actors

import (
	"context"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	// announceEvery and announceMost pace what is announced again when owners move: some 20,000
	// sockets a second to each owner, so that a node that comes is not flooded.
	announceEvery = 250 * time.Millisecond
	announceMost  = 5000
	// confirmAfter is how long an owner is trusted to remember a socket. One whose actor panicked has
	// forgotten those of other nodes; until they are announced again the tail tells them.
	confirmAfter = 2 * time.Minute
	confirmEvery = 15 * time.Second
	// maxGone is how many sockets that went may wait for their owner to hear of it. Past it those
	// owners find out when they tell them.
	maxGone = 1 << 17
)

// Announcer remembers which owner knows each socket of this node, announces those whose owner has moved
// or may have forgotten, and repeats until the owner has heard of it that a socket is gone: under the policy deny it would hold
// a seat. It holds one entry for each attached socket. Any goroutine may call its methods, one calls Run.
type Announcer struct {
	client *Client

	mu         sync.Mutex
	sockets    map[uint64]announced
	gone       map[uint64]session.Key // the owner may not have heard
	dirty      bool                   // some owner does not know its socket
	system     *System
	generation uint64    // of the owners when all were looked through last
	confirmed  time.Time // when all were looked through last for confirmAfter
}

type announced struct {
	key     session.Key
	session session.ID
	owner   session.Node // who knows it
	heard   int64        // second in which it heard last
}

// NewAnnouncer makes an Announcer that announces through c.
func NewAnnouncer(c *Client) *Announcer {
	return &Announcer{client: c, sockets: map[uint64]announced{}, gone: map[uint64]session.Key{}}
}

// Attach asks the owner and remembers who that was. done is called once, on any goroutine.
func (a *Announcer) Attach(key session.Key, cmd session.Attach, done func(session.Reply, error)) {
	s := a.client.System()
	if s != nil {
		cmd.Socket.Node = s.options.Node
	}
	a.client.Send(key, cmd, func(r session.Reply, err error, by session.Node) {
		if err == nil {
			a.mu.Lock()
			a.sockets[cmd.Socket.Conn] = announced{key: key, session: cmd.Session, owner: by, heard: time.Now().Unix()}
			if owner, _ := s.options.Router.Owner(key); owner.Node != by {
				a.dirty = true // it was silent; tell it when it speaks again
			}
			a.mu.Unlock()
		}
		done(r, err)
	})
}

// Detach says that a socket is gone.
func (a *Announcer) Detach(key session.Key, socket session.Socket) {
	a.mu.Lock()
	delete(a.sockets, socket.Conn)
	if len(a.gone) < maxGone {
		a.gone[socket.Conn] = key
	}
	a.mu.Unlock()
	a.leave(a.client.System(), key, socket.Conn)
}

// leave tells the owner; who has not heard is told again in a later turn.
func (a *Announcer) leave(s *System, key session.Key, conn uint64) {
	if s == nil {
		return
	}
	detach := session.Detach{Socket: session.Socket{Node: s.options.Node, Conn: conn}}
	a.client.Send(key, detach, func(_ session.Reply, err error, _ session.Node) {
		if err == nil {
			a.mu.Lock()
			delete(a.gone, conn)
			a.mu.Unlock()
		}
	})
}

// Run announces until ctx is done.
func (a *Announcer) Run(ctx context.Context) error {
	ticker := time.NewTicker(announceEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			a.turn()
		}
	}
}

// turn announces a share of what is due.
func (a *Announcer) turn() {
	s := a.client.System()
	if s == nil || !s.options.Router.MayOwn() {
		return
	}
	a.mu.Lock()
	generation := s.options.Router.Generation()
	due := a.dirty || s != a.system || generation != a.generation
	if s != a.system {
		clear(a.gone) // they were another run's, whose handles every owner drops by itself
	}
	a.system, a.generation = s, generation
	now := time.Now()
	confirm := now.Sub(a.confirmed) >= confirmEvery
	if confirm {
		a.confirmed = now
	}
	var lists map[Peer][]wire.Announced
	if due || confirm {
		lists = a.due(s, now.Add(-confirmAfter).Unix())
	}
	gone := map[uint64]session.Key{}
	for conn, key := range a.gone {
		if gone[conn] = key; len(gone) == announceMost {
			break
		}
	}
	a.mu.Unlock()
	for owner, list := range lists {
		a.announce(s, owner, list)
	}
	for conn, key := range gone {
		a.leave(s, key, conn)
	}
}

// due lists sockets whose owner does not know them, or heard of them before that second, by owner; the
// caller holds mu. What is left over, or not confirmed, comes again in the next turn.
func (a *Announcer) due(s *System, before int64) map[Peer][]wire.Announced {
	lists := map[Peer][]wire.Announced{}
	a.dirty = false
	for conn, one := range a.sockets {
		owner, _ := s.options.Router.Owner(one.key)
		if owner.Node == one.owner && one.heard >= before {
			continue
		}
		a.dirty = a.dirty || owner.Node != one.owner
		if len(lists[owner]) < announceMost {
			lists[owner] = append(lists[owner], wire.Announced{Key: one.key, Session: one.session, Conn: conn})
		}
	}
	return lists
}

func (a *Announcer) announce(s *System, owner Peer, list []wire.Announced) {
	if owner.Node == s.options.Node {
		for _, one := range list {
			s.announce(one.Key, session.Handle{Socket: session.Socket{Node: owner.Node, Conn: one.Conn}, Session: one.Session})
		}
		a.known(owner.Node, list)
		return
	}
	for len(list) > 0 {
		part := list[:min(len(list), wire.MaxBatch)]
		list = list[len(part):]
		e := wire.Envelope{Kind: wire.KindAnnounce, Body: wire.AppendAnnounce(nil, part)}
		s.peers.ask(owner, gatewayName, e, silence, func(answer wire.Envelope, err error) {
			if err == nil && answer.Kind == wire.KindAnswer {
				a.known(owner.Node, part)
			}
		})
	}
}

// known notes that the owner has heard of these sockets.
func (a *Announcer) known(owner session.Node, list []wire.Announced) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range list {
		if s, there := a.sockets[one.Conn]; there && s.session == one.Session {
			s.owner, s.heard = owner, time.Now().Unix()
			a.sockets[one.Conn] = s
		}
	}
}
