package session_test

import (
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// BenchmarkStep is the rules' part of a takeover: a login that ends one session with one socket, on
// a row that remembers as many endings as it may.
func BenchmarkStep(b *testing.B) {
	state, now := session.State{Since: start}, start
	login := session.Login{
		Employee: "ada", Device: "Till", UserAgent: "Mozilla", Trusted: true, Lifetime: 12 * time.Hour, Token: 15 * time.Minute,
		Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	}
	n := 0
	takeover := func() {
		n++
		now++
		login.Session, login.Terminal = numbered(n%60_000), session.TerminalID("till-1"[:5+n%2])
		next, change, err := session.Step(state, now, login)
		if err != nil || change.Save == nil {
			b.Fatalf("login %d: %v", n, err)
		}
		state, _, err = session.Step(next, now, session.Attach{Session: login.Session, Socket: session.Socket{Node: "n1", Conn: uint64(n)}})
		if err != nil {
			b.Fatal(err)
		}
	}
	for range 2 * session.MaxEndings {
		takeover()
	}
	b.ReportAllocs()
	for b.Loop() {
		takeover()
	}
}

func BenchmarkRow(b *testing.B) {
	row, _ := full()
	row.Active, row.Keys = row.Active[:1], nil
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = row.AppendRow(buffer[:0])
	}
}

func BenchmarkNotice(b *testing.B) {
	n := session.Notice{Session: numbered(1), Terminal: "till-1", Epoch: 8, Reason: session.ReasonNewLogin, At: start}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = n.AppendJSON(buffer[:0])
	}
}
