package actors

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Rest is all that an owner knows of an employee while nothing is under way. Another Employee made
// from it goes on where the first one stopped.
type Rest struct {
	touched session.Time
	state   session.State
}

// signOfLife is false for what an operator does to the record, or time to a session. Who was not in
// memory before such a command, or slept, need not stay for it: millions may come, as in an import.
func signOfLife(c session.Command) bool {
	switch c.(type) {
	case session.Create, session.Update, session.Delete, session.Expire:
		return false
	}
	return true
}

// Resting reports whether nothing is lost when this owner is forgotten now.
func (e *Employee) Resting(after time.Duration) bool {
	return e.quiet(after) && e.state.Idle(e.env.Now())
}

// quiet reports whether nothing is under way, and for that long nobody gave a sign of life.
func (e *Employee) quiet(after time.Duration) bool {
	return e.flight == nil && len(e.waiting) == 0 && e.env.Now().Sub(e.touched) >= after
}

// Doze returns what this owner knows, if it has been quiet for that long.
func (e *Employee) Doze(after time.Duration) (r Rest, ok bool) {
	// A record is found by the id in it, which somebody who was never stored has not.
	if !e.quiet(after) || !e.known || e.state.ID.Key() != e.key {
		return Rest{}, false
	}
	return Rest{e.touched, e.state}, true
}

// Resume makes a new Employee go on from there.
func (e *Employee) Resume(r Rest) {
	e.touched, e.known = r.touched, true
	e.adopt(r.state)
}

// take is Receive for a soft command, which needs nothing of an Env. It answers false, and has done
// nothing, when the command has more effects than that.
func (r *Rest) take(c session.Command, now session.Time) (session.Reply, bool) {
	next, change, err := session.Step(r.state, now, c)
	if err != nil || change.Save != nil || len(change.Notices) > 0 || len(change.Closes) > 0 {
		return session.Reply{}, false
	}
	r.state, r.touched = next, now
	return change.Reply, true
}

// due is when somebody must look again: at the next expiry, and without a socket when it is time to
// forget.
func (r *Rest) due(idleAfter time.Duration) session.Time {
	due := r.state.NextExpiry()
	if idle := r.touched.Add(idleAfter); len(r.state.Handles) == 0 && (due == 0 || idle < due) {
		return idle
	}
	return due
}

// Append packs r.
func (r *Rest) Append(b []byte, number func(session.Node) uint64) []byte {
	return r.state.AppendState(binary.AppendVarint(b, int64(r.touched)), number)
}

// Parse is the inverse of Append.
func (r *Rest) Parse(b []byte, node func(uint64) session.Node) error {
	touched, n := binary.Varint(b)
	if n <= 0 {
		return session.ErrCorrupt
	}
	r.touched = session.Time(touched)
	return r.state.DecodeState(b[n:], node)
}

// recordOf reports whether a packed Rest is that employee's.
func recordOf(record []byte, key session.Key) bool {
	_, n := binary.Varint(record)
	length, m := binary.Uvarint(record[n:])
	record = record[n+m:]
	return length == uint64(len(key)) && strings.EqualFold(string(record[:length]), string(key))
}

// nodeNumbers numbers the runs of nodes that sockets were announced by: as many as there were since
// this process started. One goroutine uses it.
type nodeNumbers []session.Node

func (n *nodeNumbers) number(node session.Node) uint64 {
	for i, known := range *n {
		if known == node {
			return uint64(i)
		}
	}
	*n = append(*n, node)
	return uint64(len(*n) - 1)
}

func (n *nodeNumbers) node(number uint64) session.Node {
	if number < uint64(len(*n)) {
		return (*n)[number]
	}
	return ""
}
