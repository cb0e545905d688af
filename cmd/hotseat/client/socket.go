package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/coder/websocket"
)

// frame is a text from the server, or the end of the socket.
type frame struct {
	text []byte
	err  error
}

// held is one open socket at work. Only the goroutine of hold touches it.
type held struct {
	w         *Watch
	conn      *websocket.Conn
	heartbeat time.Duration
	beat      *time.Timer // time to send a ping
	answer    *time.Timer // a pong is overdue
	leave     *time.Timer // a draining server wants us back elsewhere
	leaveAt   time.Time
	told      bool // the session has ended
}

// hold reads until the socket closes, answers what must be answered, and judges how it closed.
func (w *Watch) hold(ctx context.Context, conn *websocket.Conn) outcome {
	// The end of ctx must not break the socket off: the server is to get a Close.
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	frames := make(chan frame) // unbuffered: what is not taken stays in the socket
	go read(reading, conn, frames)

	h := &held{w: w, conn: conn, beat: stopped(), answer: stopped(), leave: stopped()}
	defer h.beat.Stop()
	defer h.answer.Stop()
	defer h.leave.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = conn.Close(websocket.StatusNormalClosure, "") // best effort: leaving anyway
			return outcome{end: true, err: context.Cause(ctx)}
		case f := <-frames:
			if f.err != nil {
				return h.closed(f.err)
			}
			if err := h.take(ctx, f.text); err != nil {
				return h.closed(err)
			}
		case <-h.beat.C:
			h.answer.Reset(cmp.Or(w.pong, pongTimeout))
			if err := h.say(ctx, `{"type":"ping"}`); err != nil {
				return h.closed(err)
			}
		case <-h.answer.C:
			if h.told {
				return outcome{end: true}
			}
			return outcome{why: "the server went silent", pause: w.pauses.next()}
		case <-h.leave.C:
			return outcome{why: "the server is draining"}
		}
	}
}

// read passes on what arrives until the socket ends or nobody listens any more.
func read(ctx context.Context, conn *websocket.Conn, frames chan<- frame) {
	for {
		_, text, err := conn.Read(ctx)
		select {
		case frames <- frame{text: text, err: err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (h *held) take(ctx context.Context, text []byte) error {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		m = Message{Type: "unreadable", Text: err.Error()}
	}
	m.keep(text)
	switch {
	case m.Type == "pong":
		h.answer.Stop()
		h.beat.Reset(h.heartbeat)
		return nil
	case m.Type == "session_established":
		h.w.pauses.reset()
		if h.heartbeat = time.Duration(m.Heartbeat) * time.Millisecond; h.heartbeat > 0 {
			h.beat.Reset(h.heartbeat)
		}
	case m.Type == "server_draining":
		pause := time.Duration(m.Reconnect) * time.Millisecond
		h.leaveAt = time.Now().Add(pause)
		h.leave.Reset(pause)
	case m.Type == "session_terminated" && !m.Test:
		h.told = true
		h.beat.Stop()
		h.answer.Reset(closeTimeout)
	}
	h.w.Message(m)
	if m.Seq != nil && h.told {
		_ = h.say(ctx, `{"type":"ack","seq":1}`) // a lost ack only delays the Close
	}
	return nil
}

func (h *held) say(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, pongTimeout)
	defer cancel()
	return h.conn.Write(ctx, websocket.MessageText, []byte(text))
}

// closed judges the end of the socket. A told termination is the end, however the socket closed.
func (h *held) closed(err error) outcome {
	if h.told {
		return outcome{end: true}
	}
	code := int(websocket.CloseStatus(err))
	if code < 0 {
		code = int(websocket.StatusAbnormalClosure)
	}
	c := meaning(code)
	text := c.text
	var closing websocket.CloseError
	if errors.As(err, &closing) && closing.Reason != "" {
		text = closing.Reason
	}
	switch c.next {
	case ended:
		h.w.Message(Message{Type: "closed", Text: text, Code: c.text, Raw: closedJSON(code, text)})
		return outcome{end: true}
	case refused:
		return outcome{end: true, err: &Refused{Code: code, Message: text}}
	case refresh:
		h.w.expired = true
		return outcome{why: text, pause: h.w.pauses.next()}
	case later:
		return outcome{why: text, pause: h.w.pauses.long()}
	}
	return outcome{why: text, pause: max(time.Until(h.leaveAt), h.w.pauses.next())}
}

func closedJSON(code int, text string) Raw {
	b, _ := json.Marshal(map[string]any{"type": "closed", "code": code, "message": text}) // always marshals
	return Raw{JSON: b}
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}
