package crowd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// The key is always the same, and so is the answer that proves a WebSocket server (RFC 6455,
// section 1.3, has both as its example).
const (
	socketKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	socketAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// request is the handshake of a terminal.
func request(b []byte, seat *Seat) []byte {
	return fmt.Appendf(b, "GET /ws/session/%s/ HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nAuthorization: Bearer %s\r\n\r\n",
		seat.Terminal, seat.Host, socketKey, seat.Token)
}

// The opcodes that a terminal meets (RFC 6455, section 5.2).
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// phase is how far a socket has come.
type phase uint8

const (
	connecting phase = iota
	asking           // the request is sent
	greeting         // switched; nothing said yet
	live
)

// maxHead bounds an answer to the handshake, maxFrame one message of the server.
const (
	maxHead  = 16 << 10
	maxFrame = 64 << 10
)

// errPeer: the server does not keep to the protocol.
var errPeer = errors.New("the server does not speak WebSocket as RFC 6455 says")

// talk is one socket's side of the conversation. It owns no connection: bytes in, bytes out.
type talk struct {
	phase phase
	out   []byte // to be sent; the owner takes it
	heard heard
}

// heard is what a call of hear has found.
type heard struct {
	established bool
	told        bool
	notice      Notice
	closed      bool
	code        int
	err         error
}

// hear takes what came and returns what is left over until more comes. After closed or err the
// connection is to be ended.
func (t *talk) hear(in []byte) (rest []byte) {
	t.heard = heard{}
	if t.phase == asking {
		if in = t.head(in); t.phase == asking {
			return in
		}
	}
	for !t.heard.closed && t.heard.err == nil {
		op, payload, rest, ok := t.frame(in)
		if !ok {
			return in
		}
		in = rest
		t.frameCame(op, payload)
	}
	return nil
}

// head waits for a whole answer to the handshake.
func (t *talk) head(in []byte) []byte {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(in) > maxHead {
			t.heard.err = errPeer
		}
		return in
	}
	status, fields, _ := bytes.Cut(in[:end], []byte("\r\n"))
	switch {
	case !bytes.HasPrefix(status, []byte("HTTP/1.1 101")):
		t.heard.err = &Refused{Status: string(status), Code: field(in[end:], "code")}
	case !bytes.Contains(fields, []byte(socketAccept)):
		t.heard.err = errPeer
	default:
		t.phase = greeting
	}
	return in[end+4:]
}

// frame cuts the next frame off; ok is false when it is not complete or not allowed.
func (t *talk) frame(in []byte) (op byte, payload, rest []byte, ok bool) {
	if len(in) < 2 {
		return 0, nil, in, false
	}
	head, size := 2, int(in[1])
	switch {
	case size >= 127: // masked, or far too long
		t.heard.err = errPeer
		return 0, nil, in, false
	case size == 126:
		if len(in) < 4 {
			return 0, nil, in, false
		}
		head, size = 4, int(binary.BigEndian.Uint16(in[2:]))
	}
	if len(in) < head+size {
		return 0, nil, in, false
	}
	return in[0] & 0xF, in[head : head+size], in[head+size:], true
}

func (t *talk) frameCame(op byte, payload []byte) {
	switch op {
	case opText:
		t.message(payload)
	case opPing:
		t.say(opPong, payload)
	case opClose:
		t.heard.closed, t.heard.code = true, 1005
		if len(payload) >= 2 {
			t.heard.code = int(binary.BigEndian.Uint16(payload))
		}
		t.say(opClose, payload[:min(len(payload), 2)])
	}
}

func (t *talk) message(text []byte) {
	switch field(text, "type") {
	case "session_established":
		if t.phase == greeting {
			t.phase, t.heard.established = live, true
		}
	case "session_terminated":
		if bytes.Contains(text, []byte(`"test":true`)) {
			return
		}
		if t.phase == greeting {
			t.heard.err = ErrEnded
		}
		t.heard.told, t.heard.notice = true, Notice{Reason: field(text, "reason"), Epoch: epochOf(text)}
		t.say(opText, []byte(`{"type":"ack","seq":1}`))
	}
}

// say sends a short frame; its mask is zero, which leaves the payload as it is.
func (t *talk) say(op byte, payload []byte) {
	payload = payload[:min(len(payload), 125)]
	t.out = append(t.out, 0x80|op, 0x80|byte(len(payload)), 0, 0, 0, 0)
	t.out = append(t.out, payload...)
}

// epochOf finds the epoch of a message, 0 when it has none.
func epochOf(text []byte) uint64 {
	_, after, _ := bytes.Cut(text, []byte(`"epoch":`))
	digits := 0
	for digits < len(after) && after[digits] >= '0' && after[digits] <= '9' {
		digits++
	}
	epoch, _ := strconv.ParseUint(string(after[:digits]), 10, 64) // digits
	return epoch
}

// field finds a text field of a JSON object that the server wrote: names and values without escapes.
func field(text []byte, name string) string {
	_, after, found := bytes.Cut(text, []byte(`"`+name+`":"`))
	value, _, closed := bytes.Cut(after, []byte(`"`))
	if !found || !closed {
		return ""
	}
	return string(value)
}
