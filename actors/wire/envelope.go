package wire

import (
	"strconv"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/hotseat-hub/hotseat/session"
)

// version is what this program speaks. It is a text so that a test can link a program that is one
// version behind.
var version = "1"

// Version is the newest form of envelopes that this program understands. It moves when a message
// changes so that an older program would misunderstand it, not for a further field or kind.
func Version() int64 {
	v, err := strconv.ParseInt(version, 10, 32)
	if err != nil {
		panic("wire version: " + err.Error()) // it is compiled in
	}
	return v
}

// Kind says what an envelope's body is.
type Kind uint32

// The kinds, sent by number: never renumber.
const (
	KindCommand  Kind = iota + 1 // to a shard: a command for an employee
	KindAnswer                   // to who asked: the reply
	KindRefused                  // to who asked: not understood, or not the owner
	KindDelivery                 // to who asked: how far a notice has got
	KindNotices                  // to a gateway: notices for its sockets
	KindAnnounce                 // to a gateway: sockets of employees that its node owns
	KindSurplus                  // to a gateway: a socket that is one too many
	KindTest                     // to a gateway: a notice that ends nothing
	KindStatus                   // to a gateway: how are you
	KindDrain                    // to a gateway: drain yourself
	KindLook                     // to a gateway: the members have changed, look at once
)

// Envelope is one message from node to node.
type Envelope struct {
	Version int64
	Kind    Kind
	Ask     uint64       // the question's number at who asked; zero: no answer is wanted
	From    session.Node // the run that sent it
	Reply   string       // where From is reached
	To      session.Node // the run that it is for; another one at the same address refuses it
	Last    bool         // of an answer: no more parts come
	Body    []byte
}

func (e *Envelope) describe(f *fields) {
	number(f, 1, &e.Version)
	number(f, 2, &e.Kind)
	number(f, 3, &e.Ask)
	text(f, 4, &e.From)
	text(f, 5, &e.Reply)
	text(f, 6, &e.To)
	flag(f, 7, &e.Last)
	blob(f, 8, &e.Body)
}

// Seal makes the message that travels.
func (e *Envelope) Seal() *wrapperspb.BytesValue {
	return wrapperspb.Bytes(encode(make([]byte, 0, 96+len(e.Body)), e.describe))
}

// Open reads a message. The body shares its memory.
func Open(m *wrapperspb.BytesValue) (Envelope, error) {
	var e Envelope
	err := decode(m.GetValue(), e.describe)
	return e, err
}
