package hub

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// tell says a notice of this socket's session on behalf of whoever follows it.
func (c *conversation) tell(n *session.Notice, f follow, now time.Duration, out *output) {
	switch {
	case c.seat == nil || c.seat.Session != n.Session:
		out.offline = append(out.offline, f)
	case n.Test:
		c.test(n, f, now, out)
	case c.end != nil:
		c.again(f, out)
	case c.phase == closed:
		out.offline = append(out.offline, f)
	default:
		c.terminate(n, now, out)
		c.follow(f, out)
	}
}

// terminate says the notice. From here on the conversation is deaf to all but the ack.
func (c *conversation) terminate(n *session.Notice, now time.Duration, out *output) {
	c.phase, c.due = told, now+c.rules.ackTimeout
	c.end = &ending{code: codeOfReason(n.Reason), reason: n.Reason.String()}
	said := *n
	if c.seat != nil && said.Terminal == "" {
		said.Terminal = c.seat.Terminal // an ending so old that the row has forgotten where
	}
	if c.original() {
		c.end.code = CloseNormal
		if n.Reason == session.ReasonLogout {
			c.closeTold(now, out) // the original's page has said goodbye already
			return
		}
	}
	c.say(c.notice(out.frames, &said), now, out)
}

// compat reports whether this server speaks the original's protocol too.
func (c *conversation) compat() bool { return c.ask.compat || c.seat != nil && c.seat.Compat }

// original reports whether the client speaks the original's protocol.
func (c *conversation) original() bool { return c.compat() && !c.ask.protocol }

// notice appends the notice in the words of the client's protocol. Where a terminal's id is a
// credential, nobody learns another's.
func (c *conversation) notice(frames []byte, n *session.Notice) []byte {
	if c.compat() {
		n.By.Terminal = ""
	}
	if c.original() {
		return appendOriginal(frames, n)
	}
	return appendTerminated(frames, n)
}

// follow has f hear when the notice leaves, and when it is acked.
func (c *conversation) follow(f follow, out *output) {
	out.sent = append(out.sent, f)
	c.end.wait = append(c.end.wait, f)
}

// again answers a second notice of the same ending, as when the tail was faster than the owner: the
// frame is on its way, or the terminal has acked it already.
func (c *conversation) again(f follow, out *output) {
	if c.end.acked || c.phase == closed {
		out.sent = append(out.sent, f)
		if c.end.acked {
			out.acked = append(out.acked, f)
		}
		return
	}
	c.follow(f, out)
}

// test says a notice that ends nothing.
func (c *conversation) test(n *session.Notice, f follow, now time.Duration, out *output) {
	if c.phase != live {
		out.offline = append(out.offline, f)
		return
	}
	said := *n
	c.say(c.notice(out.frames, &said), now, out)
	out.sent = append(out.sent, f)
}

// ack is the terminal's answer to the notice.
func (c *conversation) ack(now time.Duration, out *output) {
	c.end.acked = true
	out.acked = append(out.acked, c.end.wait...)
	c.closeTold(now, out)
}

// closeTold closes after a termination, with the code of its reason.
func (c *conversation) closeTold(now time.Duration, out *output) {
	c.end.wait = nil
	c.shut(c.end.code, c.end.reason, now, out)
}

// drain announces that the socket will be closed in a while. One that was not told yet how it stands
// is left to the close.
func (c *conversation) drain(reconnectAfter time.Duration, now time.Duration, out *output) {
	if c.phase == live && !c.seat.Bare {
		c.say(appendDraining(out.frames, reconnectAfter), now, out)
	}
}
