package hub

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// attach asks the owner about a socket that is in the index.
//
// The order is what keeps a socket from staying connected and unaware: the index first (Hub.seat),
// then the view of ended sessions, then session_established. The tail does it the other way round:
// it adds an ending to the view, then looks in the index. So whichever comes second sees the other.
func (h *Hub) attach(conn uint64, s *Seat) {
	if ended := h.options.Ended.Ended(s.Session); ended != nil {
		h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
			c.attached(session.Reply{}, nil, ended, now, out)
			c.ask.attached = false
		})
		return
	}
	ask := session.Attach{Session: s.Session, Epoch: s.Epoch, Socket: h.socket(conn), Ticket: s.Ticket}
	ctx, cancel := context.WithTimeout(context.Background(), h.rules.attachTimeout)
	h.options.Owners.Attach(ctx, s.Key, ask, func(reply session.Reply, err error) {
		cancel()
		there := h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
			c.attached(reply, err, h.options.Ended.Ended(s.Session), now, out)
			if c.seat == nil && err == nil { // it left before its turn came
				h.options.Owners.Detach(s.Key, ask.Socket)
			}
		})
		if !there && err == nil { // the socket left while its owner was asked
			h.options.Owners.Detach(s.Key, ask.Socket)
		}
	})
}

// authenticate asks the Gate about the token of a first message. It waits for the Gate.
func (h *Hub) authenticate(conn uint64, r *Request, token string) {
	ctx, cancel := context.WithTimeout(context.Background(), h.rules.attachTimeout)
	defer cancel()
	verdict := h.judge(func() Verdict { return h.options.Gate.Authenticate(ctx, r, token) })
	h.engine.post(conn, func(c *conversation, now time.Duration, out *output) {
		c.verdict(verdict, now, out)
	})
}

// judge turns a panic of the Gate into a refusal of this one socket.
func (h *Hub) judge(ask func() Verdict) (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			h.panicked("the gate panicked", p)
			v = Verdict{Close: refuseInternal.close, Code: refuseInternal.code, Message: refuseInternal.message}
		}
	}()
	return ask()
}

// panicked logs where it happened. The value may hold what a client sent, and is not logged.
func (h *Hub) panicked(what string, value any) {
	h.options.Log.Error(what, "type", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))
}
