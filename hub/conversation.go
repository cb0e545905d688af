package hub

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/gobwas/ws"

	"github.com/hotseat-hub/hotseat/hub/frame"
	"github.com/hotseat-hub/hotseat/session"
)

// phase is where a conversation is; it only moves down this list.
type phase uint8

const (
	awaiting  phase = iota // the first message must bring a token
	asking                 // the Gate judges it
	attaching              // the owner is asked
	live                   // session_established was said
	told                   // session_terminated was said: deaf to all but the ack
	closed                 // a close frame was said; nothing follows it, and nothing is heard
)

// conversation is what may follow what on one socket: inputs in, output out, without I/O, clock or
// lock. The engine that owns the connection calls it, one call at a time, and does what the output
// says. Times are since the hub's start.
type conversation struct {
	rules *rules
	in    frame.Reader
	seat  *Seat
	end   *ending // since told
	phase phase
	ask   struct{ attached, protocol, compat bool }

	due  time.Duration // when tick must act on the phase; zero: it need not
	sent time.Duration // when something was last said
	ping time.Duration // when tick looks whether a ping is due
	pace pace
}

// ending is what a told conversation still needs: how to close, and whose notices wait for the ack.
type ending struct {
	code   CloseCode
	reason string
	acked  bool
	wait   []follow
}

// follow is somebody who follows a notice.
type follow struct {
	delivery *session.Delivery // nil: nobody waits, only the metric counts
	since    time.Time         // zero: not even that
}

// output is what one input makes the engine do, in the order of its fields.
type output struct {
	// seated is set when the socket's session became known: put it into the index now, before
	// anything else happens to the conversation, and then have the Hub attach it.
	seated *Seat
	// frames are written after everything that was given before.
	frames []byte
	// sent is reported when these and all earlier frames have left, or cannot.
	sent []follow
	// shut: no more frames will come. When they have left, end the writing side, read on (and give
	// what is read to nobody) until the peer ends its side or the linger is over, then close.
	shut bool
	// acked is reported now.
	acked []follow
	// offline is reported now.
	offline []follow
	// token, when not empty, is for the Gate; its Verdict comes back by verdict.
	token string
}

// begin starts the conversation after the handshake was answered.
func (c *conversation) begin(v Verdict, now time.Duration, out *output) {
	c.sent, c.ping = now, now+c.rules.nextPing()
	c.pace = pace{tokens: c.rules.burst, at: now}
	switch {
	case v.Seat != nil || v.Terminated != nil:
		c.phase = asking
		c.verdict(v, now, out)
	case v.Await:
		c.due = now + c.rules.authTimeout
	default:
		c.refuse(refusalOfVerdict(v), now, out)
	}
}

// dismiss makes room for others of the same address.
func (c *conversation) dismiss(now time.Duration, out *output) {
	if c.phase == awaiting {
		c.refuse(refuseCrowd, now, out)
	}
}

// verdict is the Gate's answer to a token.
func (c *conversation) verdict(v Verdict, now time.Duration, out *output) {
	switch {
	case c.phase != asking:
	case v.Terminated != nil:
		c.ask.compat = v.Compat
		c.terminate(v.Terminated, now, out)
	case v.Seat != nil:
		c.seat, c.phase = v.Seat, attaching
		c.due = now + c.rules.attachTimeout
		out.seated = v.Seat
	default:
		c.refuse(refusalOfVerdict(v), now, out)
	}
}

// attached is the owner's answer, with what the view of ended sessions says at this moment.
func (c *conversation) attached(reply session.Reply, err error, ended *session.Notice, now time.Duration, out *output) {
	c.ask.attached = err == nil
	if c.phase != attaching {
		return // told, or closed, while the owner was asked
	}
	var terminated *session.TerminatedError
	switch {
	case ended != nil:
		c.terminate(ended, now, out)
	case errors.As(err, &terminated):
		c.terminate(&terminated.Notice, now, out)
	case err != nil:
		c.refuse(refusalOfAttach(err), now, out)
	case reply.Session == nil:
		c.refuse(refuseInternal, now, out)
	default:
		if c.phase, c.due = live, 0; c.rules.echo || c.seat.Bare {
			return
		}
		employee := reply.Employee
		if employee == "" {
			employee = c.seat.Employee
		}
		c.say(appendEstablished(out.frames, employee, reply.Session, c.rules.heartbeat), now, out)
	}
}

// hear takes bytes of the client. They are written to.
func (c *conversation) hear(b []byte, now time.Duration, out *output) {
	for c.phase != closed && len(b) > 0 {
		var item frame.Item
		var err error
		item, b, err = c.in.Next(b, frame.Limits{Message: c.rules.message, Binary: c.rules.echo})
		var violation *frame.Violation
		switch {
		case errors.As(err, &violation):
			c.shut(CloseCode(violation.Code), violation.Text, now, out)
		case item.Ok && !c.pace.spend(now, c.rules):
			c.refuse(refuseFlood, now, out)
		case item.Ok:
			c.frame(item, now, out)
		}
	}
}

func (c *conversation) frame(item frame.Item, now time.Duration, out *output) {
	switch item.Op {
	case ws.OpText, ws.OpBinary:
		if c.rules.echo {
			c.say(frame.Append(out.frames, item.Op, item.Payload), now, out)
			return
		}
		c.message(parseMessage(item.Payload), now, out)
	case ws.OpPing:
		c.say(frame.Append(out.frames, ws.OpPong, item.Payload), now, out)
	case ws.OpClose:
		code := CloseCode(0) // an empty close frame is answered by an empty one
		if len(item.Payload) > 0 {
			code = CloseCode(binary.BigEndian.Uint16(item.Payload))
		}
		c.shut(code, "", now, out)
	}
}

func (c *conversation) message(m message, now time.Duration, out *output) {
	switch {
	case c.phase == told:
		if m.kind == ackMessage && m.seq >= session.TerminationSeq {
			c.ack(now, out)
		}
	case c.seat != nil && c.seat.Bare && (m.kind != pingMessage || c.original()):
		// The original reads nothing either, whatever its client says. A page that speaks ours counts on
		// the pong: without one it takes the line for dead.
	case m.kind == unknownMessage:
		c.refuse(refuseUnknown, now, out)
	case m.kind == pingMessage:
		c.say(append(out.frames, pongFrame...), now, out)
	case m.kind == authenticateMessage && c.phase == awaiting:
		c.phase, c.due = asking, now+c.rules.attachTimeout
		out.token = m.token
	case m.kind == authenticateMessage:
		c.refuse(refuseTwice, now, out)
	case m.kind == ackMessage && c.phase == awaiting:
		c.refuse(refuseEarly, now, out)
	}
	// An ack of session_established is allowed and means nothing.
}

// tick is called at the latest when next says, and may be called at any time.
func (c *conversation) tick(now time.Duration, out *output) {
	if c.due != 0 && now >= c.due {
		switch c.phase {
		case awaiting:
			c.refuse(refuseSilence, now, out)
		case asking, attaching:
			c.refuse(refuseOwner, now, out)
		case told:
			c.closeTold(now, out)
		}
	}
	if now < c.ping || c.phase == closed {
		return
	}
	if now-c.sent >= c.rules.quiet {
		c.say(append(out.frames, pingFrame...), now, out)
	}
	c.ping = c.sent + c.rules.nextPing()
}

// say gives frames to the output.
func (c *conversation) say(frames []byte, now time.Duration, out *output) {
	out.frames, c.sent = frames, now
}

// refuse says an error, when there is one to say, and closes. A told conversation has been told all.
func (c *conversation) refuse(r refusal, now time.Duration, out *output) {
	if c.phase < told && r.code != "" {
		c.say(appendError(out.frames, r.code, r.message), now, out)
	}
	c.shut(r.close, r.message, now, out)
}

// shut says the close frame. After a termination its code wins over any other, because that is what
// the client must know.
func (c *conversation) shut(code CloseCode, reason string, now time.Duration, out *output) {
	switch c.phase {
	case closed:
		return
	case told:
		code, reason = c.end.code, c.end.reason
	}
	c.phase, c.due = closed, 0
	c.in = frame.Reader{}
	c.say(frame.AppendClose(out.frames, uint16(code), reason), now, out)
	out.shut = true
}
