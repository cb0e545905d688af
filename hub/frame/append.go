package frame

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// maxReason is what a control frame leaves for the reason beside the two bytes of the code.
const maxReason = ws.MaxControlFramePayloadSize - 2

// Append appends one whole, unmasked frame, as servers send them.
func Append(b []byte, op ws.OpCode, payload []byte) []byte {
	return append(appendHeader(b, op, len(payload)), payload...)
}

// AppendClose appends a close frame. The reason must be ASCII; what is over 123 bytes of it is cut.
// A zero code makes the frame empty, the answer to an empty one.
func AppendClose(b []byte, code uint16, reason string) []byte {
	if code == 0 {
		return appendHeader(b, ws.OpClose, 0)
	}
	reason = reason[:min(len(reason), maxReason)]
	b = appendHeader(b, ws.OpClose, 2+len(reason))
	b = binary.BigEndian.AppendUint16(b, code)
	return append(b, reason...)
}

func appendHeader(b []byte, op ws.OpCode, length int) []byte {
	const fin = 0x80
	b = append(b, fin|byte(op))
	switch {
	case length < 126:
		return append(b, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(length))
}
