package actors

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

// Client carries commands to the employee's owner on a node of a cluster, whichever node that is. When
// the owner is silent, or refuses because it has just lost the employee, the command runs here: the
// version fences it, and the tail tells whom this node does not know. Any goroutine may call its methods.
type Client struct{ current atomic.Pointer[System] }

// Use makes s the node's own; nil while it is no member.
func (c *Client) Use(s *System) { c.current.Store(s) }

// System is the node's own; nil while it is no member.
func (c *Client) System() *System { return c.current.Load() }

// Do is Send and wait. When ctx is done first, the command may still take effect.
func (c *Client) Do(ctx context.Context, key session.Key, cmd session.Command) (session.Reply, error) {
	type answer struct {
		reply session.Reply
		err   error
	}
	if s := c.current.Load(); s != nil && s.options.Router.MayOwn() {
		if _, self := s.options.Router.Owner(key); self {
			return s.Do(ctx, key, cmd)
		}
	}
	answered := make(chan answer, 1)
	c.Send(key, cmd, func(r session.Reply, err error, _ session.Node) { answered <- answer{r, err} })
	select {
	case a := <-answered:
		return a.reply, a.err
	case <-ctx.Done():
		return session.Reply{}, session.ErrLate
	}
}

// Send gives the command to the owner. done is called once, on any goroutine, must not block, and hears
// which node answered. A node whose lease does not hold answers session.ErrUnavailable: it can know
// neither the owner nor whether its memory is true.
func (c *Client) Send(key session.Key, cmd session.Command, done func(session.Reply, error, session.Node)) {
	s := c.current.Load()
	if s == nil || !s.options.Router.MayOwn() {
		done(session.Reply{}, session.ErrUnavailable, "")
		return
	}
	s.route(key, cmd, nil, done)
}

// route asks the owner; refused is one that has refused before.
func (s *System) route(key session.Key, cmd session.Command, refused *Peer, done func(session.Reply, error, session.Node)) {
	owner, self := s.options.Router.Owner(key)
	if self || refused != nil && refused.Node == owner.Node {
		s.here(key, cmd, done)
		return
	}
	body, err := wire.AppendCommand(nil, key, passed(cmd))
	if err != nil {
		done(session.Reply{}, err, "")
		return
	}
	e := wire.Envelope{Kind: wire.KindCommand, Body: body}
	var deliveries []*session.Delivery
	s.peers.ask(owner, shardName(key), e, silence, func(part wire.Envelope, err error) {
		switch {
		case errors.Is(err, session.ErrOverloaded):
			done(session.Reply{}, err, "")
		case deliveries != nil:
			report(deliveries, part, err)
		case err != nil && soft(cmd): // what only the owner's memory has to know
			done(session.Reply{}, err, "")
		case err != nil:
			s.here(key, cmd, done)
		case part.Kind == wire.KindRefused:
			s.route(key, cmd, &owner, done)
		case part.Kind == wire.KindAnswer:
			a, malformed := wire.DecodeAnswer(part.Body)
			if malformed != nil {
				s.here(key, cmd, done)
				return
			}
			deliveries = append([]*session.Delivery{}, a.Reply.Deliveries...)
			done(a.Reply, a.Err, owner.Node)
		}
	})
}

// passed is a command as another node gets it.
func passed(cmd session.Command) session.Command {
	if refresh, is := cmd.(session.Refresh); is {
		refresh.Passed = true
		return refresh
	}
	return cmd
}

// here runs a command on this node, whoever owns the employee.
func (s *System) here(key session.Key, cmd session.Command, done func(session.Reply, error, session.Node)) {
	s.Send(key, cmd, func(r session.Reply, err error) { done(r, err, s.options.Node) })
}

// report passes on how far notices have got. When nothing more comes, nothing more is known.
func report(deliveries []*session.Delivery, part wire.Envelope, err error) {
	if err != nil || part.Kind != wire.KindDelivery {
		return
	}
	if d, malformed := wire.DecodeDelivery(part.Body); malformed == nil && d.Index < len(deliveries) {
		deliveries[d.Index].Report(d.Stage, d.After)
	}
}
