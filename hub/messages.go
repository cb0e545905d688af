package hub

import (
	"strconv"
	"time"

	"github.com/gobwas/ws"

	"github.com/hotseat-hub/hotseat/hub/frame"
	"github.com/hotseat-hub/hotseat/session"
)

// The messages of the server, each appended to b as one text frame. Ids are of alphabets that JSON
// takes as they are.

var pongFrame = frame.Append(nil, ws.OpText, []byte(`{"type":"pong"}`))

var pingFrame = frame.Append(nil, ws.OpPing, nil)

func appendEstablished(b []byte, employee session.EmployeeID, s *session.Session, heartbeat time.Duration) []byte {
	m := make([]byte, 0, 512)
	m = append(m, `{"type":"session_established","session_id":"`...)
	m = append(m, s.ID.String()...)
	m = append(m, `","employee_id":"`...)
	m = append(m, employee...)
	m = append(m, `","terminal_id":"`...)
	m = append(m, s.Terminal...)
	m = append(m, `","epoch":`...)
	m = strconv.AppendUint(m, uint64(s.Epoch), 10)
	m = append(m, `,"seq":0,"expires_at":"`...)
	m = append(m, s.ExpiresAt.String()...)
	m = append(m, `","heartbeat_ms":`...)
	m = strconv.AppendInt(m, heartbeat.Milliseconds(), 10)
	return frame.Append(b, ws.OpText, append(m, '}'))
}

func appendTerminated(b []byte, n *session.Notice) []byte {
	return frame.Append(b, ws.OpText, n.AppendJSON(make([]byte, 0, 512)))
}

// appendOriginal is appendTerminated for clients of the original's protocol.
func appendOriginal(b []byte, n *session.Notice) []byte {
	return frame.Append(b, ws.OpText, n.AppendOriginal(make([]byte, 0, 512)))
}

func appendDraining(b []byte, reconnectAfter time.Duration) []byte {
	m := append(make([]byte, 0, 64), `{"type":"server_draining","reconnect_after_ms":`...)
	m = strconv.AppendInt(m, reconnectAfter.Milliseconds(), 10)
	return frame.Append(b, ws.OpText, append(m, '}'))
}

func appendError(b []byte, code, message string) []byte {
	m := append(make([]byte, 0, 256), `{"type":"error","code":`...)
	m = appendQuoted(m, code)
	m = append(m, `,"message":`...)
	m = appendQuoted(m, message)
	return frame.Append(b, ws.OpText, append(m, '}'))
}

// appendQuoted quotes a text of this program's own: what JSON would have to escape becomes a space.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		if r < 0x20 || r == '"' || r == '\\' || r == 0xfffd {
			r = ' '
		}
		b = append(b, string(r)...)
	}
	return append(b, '"')
}
