package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Tell writes a notice to a socket. It does not wait: what the kernel does not take goes to the
// socket's queue. d (nil: nobody asks) hears Offline when the socket is gone or speaks for another
// session, Sent when the notice was given to the kernel, Acked when the terminal answered; since is
// what the times are counted from. Any goroutine may call it.
func (h *Hub) Tell(conn uint64, n session.Notice, d *session.Delivery, since time.Time) {
	f := follow{delivery: d, since: since}
	there := h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
		c.tell(&n, f, now, out)
	})
	if !there {
		h.report(session.Offline, []follow{f})
	}
}

// TellSession writes a notice to the sockets of its session that were not told yet, and answers how
// many they were. Whoever calls it has added the ending to the view before. Any goroutine may.
func (h *Hub) TellSession(n session.Notice) int {
	return h.count(h.index.of(n.Session), func(c *conversation, now time.Duration, out *output) bool {
		if c.phase >= told {
			return false
		}
		c.tell(&n, follow{}, now, out)
		return true
	})
}

// CloseSurplus closes a socket that is one too many for its session.
func (h *Hub) CloseSurplus(conn uint64) { h.closeOne(conn, refuseSurplus) }

// SocketsOf are the sockets of a session, oldest first.
func (h *Hub) SocketsOf(id session.ID) []uint64 { return h.index.of(id) }

// TestTermination shows a termination that ends nothing to the sockets of a terminal, and answers
// how many there were. Clients of the original's protocol would take it for a real one, and get it
// only with force. It looks at every socket.
func (h *Hub) TestTermination(terminal session.TerminalID, force bool) int {
	var all []uint64
	h.engine.each(func(conn uint64) { all = append(all, conn) })
	return h.count(all, func(c *conversation, now time.Duration, out *output) bool {
		s := c.seat
		if s == nil || s.Terminal != terminal || c.original() && !force || c.phase != live {
			return false
		}
		c.test(&session.Notice{
			Session: s.Session, Terminal: s.Terminal, Epoch: s.Epoch, Reason: session.ReasonAdmin,
			Message: "This is a test of the notice; your session goes on", At: h.options.Now(), Test: true,
		}, follow{}, now, out)
		return true
	})
}

// count has many conversations take a turn, and answers for how many it was true.
func (h *Hub) count(conns []uint64, t func(*conversation, time.Duration, *output) bool) int {
	var taken sync.WaitGroup
	var count atomic.Int64
	for _, conn := range conns {
		taken.Add(1)
		there := h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
			defer taken.Done() // a panic must not leave the caller waiting
			if t(c, now, out) {
				count.Add(1)
			}
		})
		if !there {
			taken.Done()
		}
	}
	taken.Wait()
	return int(count.Load())
}

func (h *Hub) closeOne(conn uint64, why refusal) bool {
	return h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
		c.refuse(why, now, out)
	})
}
