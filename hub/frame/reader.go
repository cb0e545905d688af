package frame

import (
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Limits say what a Reader accepts.
type Limits struct {
	Message int  // bytes of one message, all its fragments together
	Binary  bool // whether binary messages are accepted
}

// Item is one frame.
type Item struct {
	// Op is OpText or OpBinary for a whole message, OpContinuation for a fragment that did not
	// complete one, or OpPing, OpPong, OpClose. It is also OpContinuation, with Ok false, when
	// there is no frame.
	Op ws.OpCode
	// Payload is unmasked and, for a text and for the reason in a close, valid UTF-8. It belongs
	// to the Reader or to the bytes given to it, and is good until the next call of Next.
	Payload []byte
	// Ok is false when all the bytes were taken and no frame is complete.
	Ok bool
}

// Reader cuts one client's bytes into frames. The zero Reader is ready, and a Reader that is Idle is
// as good as a zero one. Not for use by several goroutines at once.
type Reader struct {
	held    []byte    // the beginning of a frame whose end has not arrived: at most a header and the limit
	message []byte    // the fragments of a message that is not complete: at most the limit
	kind    ws.OpCode // of that message; zero between messages
	given   bool      // the last Item came from held or message: emptied by the next call
}

// Idle reports whether the Reader holds nothing, so that an engine may drop it until more arrives.
func (r *Reader) Idle() bool { return r.kind == 0 && (r.given || len(r.held) == 0) }

// Next takes one frame from the front of b, completing what earlier calls left over, and returns the
// rest of b. An error is a *Violation; nothing can be read after it. Payloads are unmasked where they
// lie: b is written to.
func (r *Reader) Next(b []byte, limits Limits) (Item, []byte, error) {
	r.forget()
	h, size, b, ok, err := r.header(b, limits)
	if err != nil || !ok {
		return Item{}, nil, err
	}
	full := size + int(h.Length)
	frame, b, ok := r.front(b, full)
	if !ok {
		return Item{}, nil, nil
	}
	if len(r.held) == 0 {
		b = b[full:]
	}
	r.given = len(r.held) > 0
	ws.Cipher(frame[size:], h.Mask, 0)
	item, err := r.item(h, frame[size:])
	return item, b, err
}

// header reads the next frame's header, and refuses it before its payload is waited for.
func (r *Reader) header(b []byte, limits Limits) (h ws.Header, size int, rest []byte, ok bool, err error) {
	size = 2
	for {
		var front []byte
		if front, b, ok = r.front(b, size); !ok {
			return h, 0, nil, false, nil
		}
		if need := headerSize(front); need > size {
			size = need
			continue
		}
		if h, err = parseHeader(front); err == nil {
			err = r.check(h, limits)
		}
		return h, size, b, err == nil, err
	}
}

// front returns the first n bytes that have not been given out, without taking them. They are moved
// out of b only when they do not all lie there.
func (r *Reader) front(b []byte, n int) (front, rest []byte, ok bool) {
	if len(r.held) == 0 && len(b) >= n {
		return b[:n], b, true
	}
	if missing := n - len(r.held); missing > 0 {
		moved := min(missing, len(b))
		r.held = append(r.held, b[:moved]...)
		b = b[moved:]
	}
	if len(r.held) < n {
		return nil, nil, false
	}
	return r.held[:n], b, true
}

// item gives a complete frame its place: a control frame stands alone, a data frame belongs to a message.
func (r *Reader) item(h ws.Header, payload []byte) (Item, error) {
	if h.OpCode == ws.OpClose {
		return Item{Op: h.OpCode, Payload: payload, Ok: true}, checkClose(payload)
	}
	if h.OpCode.IsControl() {
		return Item{Op: h.OpCode, Payload: payload, Ok: true}, nil
	}
	kind := h.OpCode
	if kind == ws.OpContinuation {
		kind = r.kind
	}
	if !h.Fin {
		r.kind, r.message = kind, append(r.message, payload...)
		return Item{Op: ws.OpContinuation, Ok: true}, nil
	}
	if h.OpCode == ws.OpContinuation {
		r.message = append(r.message, payload...)
		payload, r.kind, r.given = r.message, 0, true
	}
	if kind == ws.OpText && !utf8.Valid(payload) {
		return Item{}, errNotUTF8
	}
	return Item{Op: kind, Payload: payload, Ok: true}, nil
}

// forget drops what the last Item was made of.
func (r *Reader) forget() {
	if !r.given {
		return
	}
	r.given, r.held = false, nil
	if r.kind == 0 {
		r.message = nil
	}
}
