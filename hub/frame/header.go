package frame

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Violation is what a client did wrong, and the close code that says so (RFC 6455, section 7.4.1).
type Violation struct {
	Code ws.StatusCode
	Text string
}

func (v *Violation) Error() string { return v.Text }

// The violations that gobwas/ws does not look for.
var (
	errTooBig      = &Violation{ws.StatusMessageTooBig, "message over the limit"}
	errBinary      = &Violation{ws.StatusUnsupportedData, "binary messages are not understood"}
	errNotUTF8     = &Violation{ws.StatusInvalidFramePayloadData, "text is not valid UTF-8"}
	errLength      = &Violation{ws.StatusProtocolError, "payload length is not in its shortest form"}
	errCloseLength = &Violation{ws.StatusProtocolError, "close frame with half a code"}
	errCloseCode   = &Violation{ws.StatusProtocolError, "close frame with a code that may not be sent"}
)

// headerSize is how long the header is that begins with b; b holds at least two bytes.
func headerSize(b []byte) int {
	size := 2
	switch b[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if b[1]&0x80 != 0 {
		size += 4
	}
	return size
}

// parseHeader reads a header that is complete.
func parseHeader(b []byte) (ws.Header, error) {
	h := ws.Header{
		Fin: b[0]&0x80 != 0, Rsv: b[0] & 0x70 >> 4, OpCode: ws.OpCode(b[0] & 0x0f),
		Masked: b[1]&0x80 != 0, Length: int64(b[1] & 0x7f),
	}
	shortest := int64(0)
	switch h.Length {
	case 126:
		h.Length, shortest = int64(binary.BigEndian.Uint16(b[2:])), 126
	case 127:
		h.Length, shortest = int64(binary.BigEndian.Uint64(b[2:])), 1<<16
	}
	if h.Masked {
		copy(h.Mask[:], b[len(b)-4:])
	}
	if h.Length < shortest { // also when the most significant bit is set
		return h, errLength
	}
	return h, nil
}

// check refuses a header for what it says alone.
func (r *Reader) check(h ws.Header, limits Limits) error {
	state := ws.StateServerSide
	if r.kind != 0 {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return &Violation{ws.StatusProtocolError, err.Error()}
	}
	switch {
	case h.OpCode.IsControl():
		return nil
	case h.OpCode == ws.OpBinary && !limits.Binary:
		return errBinary
	case h.Length > int64(limits.Message-len(r.message)):
		return errTooBig
	}
	return nil
}

// checkClose refuses what may not stand in a close frame (RFC 6455, sections 5.5.1 and 7.4).
func checkClose(payload []byte) error {
	switch {
	case len(payload) == 0:
		return nil
	case len(payload) == 1:
		return errCloseLength
	case !sendable(ws.StatusCode(binary.BigEndian.Uint16(payload))):
		return errCloseCode
	case !utf8.Valid(payload[2:]):
		return errNotUTF8
	}
	return nil
}

// sendable reports whether an endpoint may put the code into a close frame: those registered by IANA
// but 1004, 1005, 1006 and 1015, and those that libraries and applications give a meaning.
func sendable(code ws.StatusCode) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}
