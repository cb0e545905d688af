package hub

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hotseat-hub/hotseat/session"
)

var (
	seatOfTests = &Seat{Key: "ada", Employee: "ada", Session: session.ID{15: 1}, Terminal: "till-1", Epoch: 1}
	liveOfTests = session.Reply{Employee: "ada", Session: &session.Session{ID: seatOfTests.Session, Terminal: "till-1", Epoch: 1}}
)

func defaultRules() *rules {
	var o Options
	o.setDefaults()
	r := o.rules()
	return &r
}

func clientFrame(op ws.OpCode, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, true, []byte(payload))))
}

func readFrame(in *bytes.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(in); err == nil {
		f.Payload = make([]byte, f.Header.Length)
		_, err = io.ReadFull(in, f.Payload)
	}
	return f, err
}

// transcript is all that a conversation said, checked as it grows.
type transcript struct {
	t                           rapid.TB
	established, ended, closing int
	code                        uint16
	last                        time.Duration // when something was said
}

func (s *transcript) take(out *output, now time.Duration) {
	in := bytes.NewReader(out.frames)
	for in.Len() > 0 {
		f, err := readFrame(in)
		require.NoError(s.t, err)
		require.NoError(s.t, ws.CheckHeader(f.Header, ws.StateClientSide))
		require.Zero(s.t, s.closing, "said after the close: %q", f.Payload)
		s.last = now
		switch f.Header.OpCode {
		case ws.OpClose:
			s.closing++
			if len(f.Payload) > 0 {
				s.code = binary.BigEndian.Uint16(f.Payload)
			}
		case ws.OpText:
			s.message(f.Payload)
		}
	}
	require.Equal(s.t, out.shut, s.closing > 0 && len(out.frames) > 0, "shut with the close frame, and only then")
}

func (s *transcript) message(payload []byte) {
	var m struct {
		Type string
		Test bool
	}
	require.NoError(s.t, json.Unmarshal(payload, &m), "%q", payload)
	require.Zero(s.t, s.ended, "said after the termination: %q", payload)
	switch {
	case m.Type == "session_established":
		s.established++
	case m.Type == "session_terminated" && !m.Test:
		s.ended++
	}
	require.LessOrEqual(s.t, s.established, 1)
}

// Whatever comes in whatever order: established at most once and never after the termination, nothing
// after the termination but the close with its reason's code, nothing after the close, and every
// follower of a notice hears exactly once whether it was sent.
func TestNothingIsEverSaidOutOfOrder(t *testing.T) {
	said := []string{
		`{"type":"ping"}`, `{"type":"ack","seq":0}`, `{"type":"ack","seq":1}`, `{"type":"authenticate","token":"t"}`, `nonsense`,
	}
	rapid.Check(t, func(t *rapid.T) {
		now := time.Duration(0)
		c := conversation{rules: defaultRules()}
		heard := transcript{t: t}
		told, reported := 0, 0
		do := func(turn func(out *output)) {
			var out output
			turn(&out)
			heard.take(&out, now)
			reported += len(out.sent) + len(out.offline)
		}
		start := rapid.SampledFrom([]Verdict{{Await: true}, {Seat: seatOfTests}, {Close: CloseBadToken, Code: "x"}}).Draw(t, "start")
		do(func(out *output) { c.begin(start, now, out) })
		for range rapid.IntRange(1, 12).Draw(t, "turns") {
			now += time.Duration(rapid.IntRange(0, 6000).Draw(t, "ms")) * time.Millisecond
			do(func(out *output) {
				switch rapid.IntRange(0, 8).Draw(t, "input") {
				case 0, 1:
					c.hear(clientFrame(ws.OpText, rapid.SampledFrom(said).Draw(t, "said")), now, out)
				case 2:
					c.hear(clientFrame(rapid.SampledFrom([]ws.OpCode{ws.OpPing, ws.OpClose, ws.OpBinary}).Draw(t, "op"), ""), now, out)
				case 3:
					c.verdict(rapid.SampledFrom([]Verdict{{Seat: seatOfTests}, {Status: 503}}).Draw(t, "verdict"), now, out)
				case 4:
					c.attached(liveOfTests, nil, nil, now, out)
				case 5:
					c.attached(session.Reply{}, errors.New("no"), nil, now, out)
				case 6:
					told++
					n := session.Notice{Session: seatOfTests.Session, Reason: session.ReasonNewLogin, Test: rapid.Bool().Draw(t, "test")}
					c.tell(&n, follow{since: time.Now()}, now, out)
				case 7:
					c.tick(now, out)
				case 8:
					c.drain(time.Second, now, out)
				}
			})
		}
		require.Equal(t, told, reported, "each follower hears once")
		if heard.ended > 0 && heard.closing > 0 {
			require.Equal(t, uint16(CloseNewLogin), heard.code)
		}
	})
}

// Proxies cut what is silent for a minute.
func TestTheServerIsNeverSilentForMoreThan45Seconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := conversation{rules: defaultRules()}
		heard := transcript{t: t}
		var now, idle time.Duration
		for second := range 1000 {
			now = time.Duration(second) * time.Second
			var out output
			switch {
			case second == 0:
				c.begin(Verdict{Seat: seatOfTests}, now, &out)
				c.attached(liveOfTests, nil, nil, now, &out)
			case now >= idle:
				idle = now + time.Duration(rapid.IntRange(1, 100).Draw(t, "seconds of silence"))*time.Second
				c.hear(clientFrame(ws.OpText, `{"type":"ping"}`), now, &out)
			}
			c.tick(now, &out)
			silent := now - heard.last
			heard.take(&out, now)
			require.LessOrEqual(t, silent, 45*time.Second)
			if bytes.Contains(out.frames, pingFrame) {
				require.GreaterOrEqual(t, silent, 25*time.Second, "a ping though something was said recently")
			}
		}
	})
}

// After a storm or a restart the sockets of a node have all heard something at the same moment, and would
// be pinged together ever after.
func TestPingsOfThoseWhoHeardAtTheSameMomentAreSpread(t *testing.T) {
	const sockets, seconds = 1500, 15
	var heard [3][seconds]int // the first three pings, by the second of their spread
	for range sockets {
		c := conversation{rules: defaultRules()}
		var out output
		c.begin(Verdict{Seat: seatOfTests}, 0, &out)
		c.attached(liveOfTests, nil, nil, 0, &out)
		last := time.Duration(0)
		for n := range heard {
			now := max(c.ping, last+25*time.Second)
			for out = (output{}); len(out.frames) == 0; now += time.Second / 10 {
				c.tick(now, &out)
			}
			heard[n][int((c.sent-last-25*time.Second)/time.Second)]++
			last = c.sent
		}
	}
	for n, ping := range heard {
		for second, times := range ping {
			require.InDelta(t, sockets/seconds, times, 60, "ping %d, second %d: %v", n+1, second, ping)
		}
	}
}

// A text of the Gate's own must not break the message it stands in.
func TestAnErrorIsJSONWhateverItSays(t *testing.T) {
	for _, text := range []string{"plain", `"quoted" \ back`, "line\nbreak\x00", "caf\xc3", "é", strings.Repeat("x", 1000)} {
		f, err := readFrame(bytes.NewReader(appendError(nil, text, text)))
		require.NoError(t, err)
		var m struct{ Type, Code, Message string }
		require.NoError(t, json.Unmarshal(f.Payload, &m), "%q", f.Payload)
		require.Equal(t, "error", m.Type)
	}
}
