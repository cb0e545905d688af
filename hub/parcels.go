package hub

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/gobwas/ws"
)

// Message is one message of the contract, as a subscriber gets it.
type Message struct {
	Type string
	Seq  int // noSeq: it carries none
	JSON []byte
}

// noSeq stands where a message has no number: only established and the real end have one.
const noSeq = -1

// Refused says why a subscriber was not taken, with the code that would have closed a socket.
type Refused struct {
	Close         CloseCode
	Code, Message string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("subscriber refused with %d %s: %s", r.Close, r.Code, r.Message)
}

// parcelsIn takes the messages out of frames that a conversation said. An error and a close go to
// refusal; pings are for wires.
func parcelsIn(frames []byte, refusal *Refused) (parcels []parcel) {
	for in := bytes.NewReader(frames); in.Len() > 0; {
		h, err := ws.ReadHeader(in)
		if err != nil || int(h.Length) > in.Len() {
			panic("hub: a conversation said half a frame")
		}
		payload := make([]byte, h.Length)
		in.Read(payload)
		switch {
		case h.OpCode == ws.OpClose && len(payload) >= 2:
			refusal.Close = CloseCode(binary.BigEndian.Uint16(payload))
		case h.OpCode == ws.OpText:
			parcels = append(parcels, parcel{Message: readMessage(payload, refusal)})
		}
	}
	return parcels
}

func readMessage(text []byte, refusal *Refused) Message {
	var read struct {
		Type    string
		Seq     *int
		Code    string
		Message string
	}
	if err := json.Unmarshal(text, &read); err != nil {
		panic("hub: a conversation said what is no JSON: " + err.Error())
	}
	m := Message{Type: read.Type, Seq: noSeq, JSON: text}
	if read.Seq != nil {
		m.Seq = *read.Seq
	}
	if m.Type == "error" {
		refusal.Code, refusal.Message = read.Code, read.Message
	}
	return m
}
