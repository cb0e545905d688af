package hub

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// What is understood is what encoding/json understands in the same way; what has the right fields and
// nothing else is understood.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"type":"ping"}`, `{"type":"ack","seq":1}`, `{"seq":18446744073709551616,"type":"ack"}`, `{"type":"authenticate","token":"t"}`,
		`{"type":"ping","type":"ack"}`, `{"type":"ack","seq":1e0}`, `{"Type":"ping"}`, `[{"type":"ping"}]`, `{"type":"ping"}x`, `{"type":"p\u0069ng"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !utf8.Valid(text) {
			return // the frame reader refuses it
		}
		m := parseMessage(text)
		var fields map[string]json.RawMessage
		plain := json.Unmarshal(text, &fields) == nil
		if m.kind != unknownMessage {
			require.True(t, plain)
			require.Equal(t, m, plainly(fields))
		} else if plain && plainly(fields).kind != unknownMessage {
			names := bytes.Count(text, []byte(`":`)) + bytes.Count(text, []byte(`" `)) + bytes.Count(text, []byte("\"\n")) +
				bytes.Count(text, []byte("\"\t")) + bytes.Count(text, []byte("\"\r"))
			require.Greater(t, names, len(fields), "not understood, though no name comes twice: %s", text)
		}
	})
}

// plainly reads decoded fields by the letter of the contract.
func plainly(fields map[string]json.RawMessage) message {
	var kind, token string
	var seq uint64
	json.Unmarshal(fields["type"], &kind)
	switch {
	case kind == "ping" && len(fields) == 1:
		return message{kind: pingMessage}
	case kind == "authenticate" && len(fields) == 2 && json.Unmarshal(fields["token"], &token) == nil && token != "":
		return message{kind: authenticateMessage, token: token}
	case kind == "ack" && len(fields) == 2 && json.Unmarshal(fields["seq"], &seq) == nil &&
		len(fields["seq"]) > 0 && fields["seq"][0] != 'n' && seq < 1<<53:
		return message{kind: ackMessage, seq: seq}
	}
	return message{}
}

func TestTheUsualPingIsReadWithoutAllocation(t *testing.T) {
	ping := []byte(`{"type":"ping"}`)
	require.Zero(t, testing.AllocsPerRun(100, func() { parseMessage(ping) }))
}
