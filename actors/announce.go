package actors

import (
	"slices"

	"github.com/hotseat-hub/hotseat/session"
)

// Commands of the driver's own: they change the handles, need no row and no rule, and wait their turn
// like any other.
type (
	// announcement brings sockets of other nodes to the owner of their employee.
	announcement struct{ handles []session.Handle }
	// nodesLost drops the handles of the nodes that it is true for.
	nodesLost func(session.Node) bool
)

// Announcement is the command that brings handles to an owner, for whoever drives an Employee itself.
func Announcement(handles ...session.Handle) session.Command { return announcement{handles} }

// Expires implements session.Command.
func (announcement) Expires() session.Time { return 0 }

// Expires implements session.Command.
func (nodesLost) Expires() session.Time { return 0 }

// handles does what needs no row, and reports whether that was all.
func (e *Employee) handles(cmd session.Command) bool {
	switch c := cmd.(type) {
	case announcement:
		e.announced(c.handles)
		return true
	case nodesLost:
		e.lose(func(h session.Handle) bool { return c(h.Socket.Node) })
		return true
	case session.Detach:
		if !e.known {
			e.lose(func(h session.Handle) bool { return h.Socket == c.Socket })
			return true
		}
	}
	return false
}

// announced takes handles that another owner had before. While the row has not been read they wait: when
// it is, session.Adopt tells those whose session has ended meanwhile. Of a session that is not in
// memory, memory may be what is wrong, so the row is read before the next answer.
func (e *Employee) announced(handles []session.Handle) {
	for _, h := range handles {
		if e.known && e.state.Find(h.Session) != nil {
			next, change, err := session.Step(e.state, e.env.Now(), session.Attach{Session: h.Session, Socket: h.Socket})
			if err == nil {
				e.adopt(next)
				e.tell(&change)
				e.env.CloseSurplus(change.Closes)
				continue
			}
		}
		e.hold(h)
	}
}

// hold keeps a handle for when the row is read.
func (e *Employee) hold(h session.Handle) {
	for _, held := range e.state.Handles {
		if held.Socket == h.Socket {
			return
		}
	}
	if len(e.state.Handles) >= maxHeld {
		return // its node announces it again, and the tail tells it in any case
	}
	e.known = false
	e.state.Handles = append(e.state.Handles[:len(e.state.Handles):len(e.state.Handles)], h)
}

// nodesLost has everybody drop the handles of the nodes that are gone; those asleep without waking up.
func (sh *shard) nodesLost(gone nodesLost) {
	for key := range sh.employees {
		sh.forward(&Request{Command: gone, key: key})
	}
	var asleep []*Request
	for _, place := range sh.asleep.places {
		var rest Rest
		if place.record == 0 || rest.Parse(sh.asleep.records.get(place.record), sh.nodes.node) != nil {
			continue
		}
		lost := map[session.Node]bool{}
		for _, h := range rest.state.Handles {
			if node := h.Socket.Node; !lost[node] && gone(node) {
				lost[node] = true
				asleep = append(asleep, &Request{Command: session.NodeLost{Node: node}, key: rest.state.ID.Key()})
			}
		}
	}
	for _, r := range asleep {
		sh.forward(r)
	}
}

// holds reports whether all of these handles are known.
func (r *Rest) holds(handles []session.Handle) bool {
	for _, h := range handles {
		if !slices.Contains(r.state.Handles, h) {
			return false
		}
	}
	return true
}

// maxHeld is as many sockets as an employee can have.
const maxHeld = session.MaxSeats * session.MaxSockets

// lose drops handles. With an unread row the rules cannot be asked.
func (e *Employee) lose(gone func(session.Handle) bool) {
	lost := map[session.Node]bool{}
	var kept []session.Handle
	for _, h := range e.state.Handles {
		if gone(h) {
			lost[h.Socket.Node] = true
		} else {
			kept = append(kept, h)
		}
	}
	if !e.known {
		e.state.Handles = kept
		return
	}
	for node := range lost {
		if next, _, err := session.Step(e.state, e.env.Now(), session.NodeLost{Node: node}); err == nil {
			e.adopt(next)
		}
	}
}
