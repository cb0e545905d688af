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
)

// Announcer remembers which owner knows each socket of this node, and announces those whose owner has
// moved. It holds one entry for each attached socket. Any goroutine may call its methods, one calls Run.
type Announcer struct {
	client *Client

	mu         sync.Mutex
	sockets    map[uint64]announced
	dirty      bool // some owner does not know its socket
	system     *System
	generation uint64 // of the owners when all were looked through last
}

type announced struct {
	key     session.Key
	session session.ID
	owner   session.Node // who knows it
}

// NewAnnouncer makes an Announcer that announces through c.
func NewAnnouncer(c *Client) *Announcer {
	return &Announcer{client: c, sockets: map[uint64]announced{}}
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
			a.sockets[cmd.Socket.Conn] = announced{key: key, session: cmd.Session, owner: by}
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
	a.mu.Unlock()
	if s := a.client.System(); s != nil {
		socket.Node = s.options.Node
		a.client.Send(key, session.Detach{Socket: socket}, func(session.Reply, error, session.Node) {})
	}
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
	a.system, a.generation = s, generation
	var lists map[Peer][]wire.Announced
	if due {
		lists = a.due(s)
	}
	a.mu.Unlock()
	for owner, list := range lists {
		a.announce(s, owner, list)
	}
}

// due lists sockets whose owner does not know them, by owner; the caller holds mu. What is left over, or
// not confirmed, comes again in the next turn.
func (a *Announcer) due(s *System) map[Peer][]wire.Announced {
	lists := map[Peer][]wire.Announced{}
	for conn, one := range a.sockets {
		owner, _ := s.options.Router.Owner(one.key)
		if owner.Node != one.owner && len(lists[owner]) < announceMost {
			lists[owner] = append(lists[owner], wire.Announced{Key: one.key, Session: one.session, Conn: conn})
		}
	}
	a.dirty = len(lists) > 0
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
			s.owner = owner
			a.sockets[one.Conn] = s
		}
	}
}
