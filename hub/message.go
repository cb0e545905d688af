package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/hotseat-hub/hotseat/session"
)

// messageKind is the type of a client's message.
type messageKind uint8

// The messages of the client.
const (
	unknownMessage messageKind = iota
	authenticateMessage
	ackMessage
	pingMessage
)

// message is what a client said.
type message struct {
	kind  messageKind
	token string
	seq   uint64
}

// Nearly every message looks like one of these, which are recognised without a parser.
var (
	plainPing = []byte(`{"type":"ping"}`)
	plainAck  = []byte(`{"type":"ack","seq":1}`)
)

// parseMessage reads one of the three messages that the contract knows, with exactly its fields, each
// once; anything else is unknownMessage.
func parseMessage(text []byte) message {
	if bytes.Equal(text, plainPing) {
		return message{kind: pingMessage}
	}
	if bytes.Equal(text, plainAck) {
		return message{kind: ackMessage, seq: session.TerminationSeq}
	}
	fields, err := scalars(text)
	if err != nil {
		return message{}
	}
	name, _ := fields["type"].(string)
	switch {
	case name == "ping" && len(fields) == 1:
		return message{kind: pingMessage}
	case name == "authenticate" && len(fields) == 2:
		if token, ok := fields["token"].(string); ok && token != "" {
			return message{kind: authenticateMessage, token: token}
		}
	case name == "ack" && len(fields) == 2:
		number, _ := fields["seq"].(json.Number)
		if seq, err := strconv.ParseUint(number.String(), 10, 53); err == nil {
			return message{kind: ackMessage, seq: seq}
		}
	}
	return message{}
}

var errNotScalars = errors.New("not a JSON object of distinct names with simple values")

// scalars reads an object whose values are no objects and no arrays. Unlike json.Unmarshal it heeds
// the case of names and refuses a name that comes twice.
func scalars(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errNotScalars
	}
	fields := make(map[string]any, 2)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errNotScalars
		}
		value, err := d.Token()
		key, _ := name.(string)
		if _, nested := value.(json.Delim); err != nil || nested {
			return nil, errNotScalars
		}
		if _, twice := fields[key]; twice {
			return nil, errNotScalars
		}
		fields[key] = value
	}
	if end, err := d.Token(); err != nil || end != json.Delim('}') {
		return nil, errNotScalars
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotScalars
	}
	return fields, nil
}
