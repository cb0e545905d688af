package hub

import (
	"context"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// turn is one input to a conversation.
type turn func(c *conversation, now time.Duration, out *output)

// engine owns connections: their bytes, buffers and deadlines. For every connection it calls the
// conversation, one call at a time, and does what the output says. It calls back
//
//   - Hub.seat while the conversation is still in its hands, when output.seated is set,
//   - Hub.attach after that, when nothing of the connection is locked,
//   - Hub.authenticate, likewise, when output.token is set,
//   - Hub.report for what became of notices,
//   - Hub.gone once, when the connection is closed and no turn will be taken any more.
type engine interface {
	// post has the connection's conversation take a turn, at once or soon, without waiting for
	// the network. False, without a turn, when the connection is gone. After true the turn is
	// taken in any case: when the connection goes first, on a closed conversation. Any goroutine
	// may call it that is not in a turn itself.
	post(conn uint64, t turn) bool
	// each calls visit with every connection that is there from beginning to end.
	each(visit func(conn uint64))
	// run keeps deadlines until ctx is done, then drops what is left, and returns when nothing
	// of the engine runs any more.
	run(ctx context.Context)
}

// seat puts a socket into the index. From here on a notice for its session finds it; only after that
// may the view of ended sessions be asked, see attach.
func (h *Hub) seat(conn uint64, s *Seat) { h.index.add(s.Session, conn) }

// gone forgets a connection.
func (h *Hub) gone(conn uint64, c *conversation) {
	if c.seat == nil {
		return
	}
	h.index.remove(c.seat.Session, conn)
	if c.ask.attached {
		h.options.Owners.Detach(c.seat.Key, h.socket(conn))
	}
}

// report settles deliveries and the metric.
func (h *Hub) report(stage session.Stage, follows []follow) {
	for _, f := range follows {
		after := time.Since(f.since)
		if f.delivery != nil {
			f.delivery.Report(stage, after)
		}
		if !f.since.IsZero() {
			h.metrics.notice(stage, after)
		}
	}
}
