package wire

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// MaxBatch bounds what one message lists.
const MaxBatch = 200

// Notice is for one socket of the node that gets it.
type Notice struct {
	Conn   uint64
	Notice session.Notice
}

// AppendNotices encodes at most MaxBatch of them.
func AppendNotices(b []byte, list []Notice) []byte { return appendList(b, list, describeNotice) }

// Notices decodes AppendNotices.
func Notices(b []byte) ([]Notice, error) { return decodeList(b, describeNotice) }

func describeNotice(f *fields, n *Notice) {
	number(f, 1, &n.Conn)
	within(f, 2, &n.Notice, notice)
}

// Announced is a socket of the node that sends it.
type Announced struct {
	Key     session.Key
	Session session.ID
	Conn    uint64
}

// AppendAnnounce encodes at most MaxBatch of them.
func AppendAnnounce(b []byte, list []Announced) []byte { return appendList(b, list, describeAnnounced) }

// Announce decodes AppendAnnounce.
func Announce(b []byte) ([]Announced, error) { return decodeList(b, describeAnnounced) }

func describeAnnounced(f *fields, a *Announced) {
	text(f, 1, &a.Key)
	array(f, 2, &a.Session)
	number(f, 3, &a.Conn)
}

// Delivery says how far the notice of one index has got.
type Delivery struct {
	Index int
	Stage session.Stage
	After time.Duration
}

// AppendDelivery encodes d.
func (d Delivery) AppendDelivery(b []byte) []byte {
	return encode(b, func(f *fields) { describeDelivery(f, &d) })
}

// DecodeDelivery decodes AppendDelivery.
func DecodeDelivery(b []byte) (d Delivery, err error) {
	err = decode(b, func(f *fields) { describeDelivery(f, &d) })
	if err == nil && (d.Stage > session.Acked || d.Index < 0) {
		err = ErrMalformed
	}
	return d, err
}

func describeDelivery(f *fields, d *Delivery) {
	number(f, 1, &d.Index)
	number(f, 2, &d.Stage)
	number(f, 3, &d.After)
}

// Test asks for a notice that ends nothing.
type Test struct {
	Terminal session.TerminalID
	Force    bool
}

// AppendTest encodes t.
func (t Test) AppendTest(b []byte) []byte {
	return encode(b, func(f *fields) { describeTest(f, &t) })
}

// DecodeTest decodes AppendTest.
func DecodeTest(b []byte) (t Test, err error) {
	err = decode(b, func(f *fields) { describeTest(f, &t) })
	return t, err
}

func describeTest(f *fields, t *Test) {
	text(f, 1, &t.Terminal)
	flag(f, 2, &t.Force)
}

// AppendNumber encodes a count, or the id of a socket.
func AppendNumber(b []byte, n uint64) []byte {
	return encode(b, func(f *fields) { number(f, 1, &n) })
}

// Number decodes AppendNumber.
func Number(b []byte) (n uint64, err error) {
	err = decode(b, func(f *fields) { number(f, 1, &n) })
	return n, err
}

func appendList[T any](b []byte, all []T, describe func(*fields, *T)) []byte {
	return encode(b, func(f *fields) { list(f, 1, &all, MaxBatch, describe) })
}

func decodeList[T any](b []byte, describe func(*fields, *T)) (all []T, err error) {
	err = decode(b, func(f *fields) { list(f, 1, &all, MaxBatch, describe) })
	return all, err
}
