package session

import (
	"encoding/json"
	"strconv"
)

// TerminationSeq is the `seq` of a termination on every node and transport; established is 0.
const TerminationSeq = 1

// Notice is the session_terminated message: on sockets, in 401 answers, in the tail.
type Notice struct {
	Session  ID
	Terminal TerminalID
	Epoch    Epoch
	Reason   Reason
	By       By
	Message  string // empty: the reason's own message
	At       Time
	Test     bool // ends nothing; has no seq
}

// AppendJSON appends the message as one JSON object.
func (n *Notice) AppendJSON(b []byte) []byte { return n.appendAs(b, n.Reason.String()) }

// originalReason is the one word that the original has for every ending.
const originalReason = "auto_logout"

// AppendOriginal is AppendJSON for clients of the original's protocol.
func (n *Notice) AppendOriginal(b []byte) []byte { return n.appendAs(b, originalReason) }

func (n *Notice) appendAs(b []byte, reason string) []byte {
	message := n.Message
	if message == "" {
		message = reasonMessages[n.Reason]
	}
	b = append(b, `{"type":"session_terminated","message":`...)
	b = appendString(b, message)
	b = append(b, `,"reason":"`...)
	b = append(b, reason...)
	b = append(b, `","timestamp":"`...)
	b = n.At.Std().AppendFormat(b, timeFormat)
	b = append(b, `","session_id":"`...)
	b = n.Session.append(b)
	b = append(b, `","terminal_id":`...)
	b = appendString(b, string(n.Terminal))
	b = append(b, `,"epoch":`...)
	b = strconv.AppendUint(b, uint64(n.Epoch), 10)
	if !n.Test {
		b = append(b, `,"seq":`...)
		b = strconv.AppendInt(b, TerminationSeq, 10)
	}
	b = append(b, `,"by":`...)
	b = n.appendBy(b)
	b = append(b, `,"test":`...)
	b = strconv.AppendBool(b, n.Test)
	return append(b, '}')
}

// MarshalJSON is AppendJSON.
func (n Notice) MarshalJSON() ([]byte, error) { return n.AppendJSON(nil), nil }

func (n *Notice) appendBy(b []byte) []byte {
	switch {
	case n.Reason == ReasonNewLogin:
		b = append(b, '{')
		if n.By.Terminal != "" { // it may be kept from this reader
			b = append(b, `"terminal_id":`...)
			b = appendString(b, string(n.By.Terminal))
			b = append(b, ',')
		}
		b = append(b, `"device_name":`...)
		b = appendString(b, n.By.Device)
	case n.Reason == ReasonAdmin && n.By.Name != "":
		b = append(b, `{"name":`...)
		b = appendString(b, n.By.Name)
	default:
		return append(b, "null"...)
	}
	return append(b, '}')
}

// appendString quotes s; the fast path is text that JSON takes as it is.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
