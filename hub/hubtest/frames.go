package hubtest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

func closing(code uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + reason
}

func join(frames ...[]byte) (all []byte) {
	for _, f := range frames {
		all = append(all, f...)
	}
	return all
}

// altered changes one frame's first two bytes: bits set, then the second byte's kept ones.
func altered(frame []byte, set byte) []byte {
	frame[0] |= set
	return frame
}

func (s suite) AMalformedFrameIsAnsweredWithItsCode(t *testing.T) {
	server := Start(t, s.listen, hub.Options{FrameBurst: 1000})
	token, _ := server.Floor.Login("ada", "till-1")
	unmasked, err := ws.CompileFrame(ws.NewTextFrame([]byte(`{"type":"ping"}`)))
	require.NoError(t, err)
	for name, bad := range map[string]struct {
		bytes []byte
		close int
	}{
		"unmasked":                             {unmasked, 1002},
		"rsv1, a compressed message":           {altered(text("x"), 0x40), 1002},
		"rsv2":                                 {altered(text("x"), 0x20), 1002},
		"rsv3":                                 {altered(text("x"), 0x10), 1002},
		"reserved data opcode":                 {masked(3, true, ""), 1002},
		"reserved control opcode":              {masked(0xb, true, ""), 1002},
		"a control frame in fragments":         {masked(ws.OpPing, false, "x"), 1002},
		"a ping of 126 bytes":                  {masked(ws.OpPing, true, strings.Repeat("x", 126)), 1002},
		"a continuation of nothing":            {masked(ws.OpContinuation, true, "x"), 1002},
		"a message within a message":           {join(masked(ws.OpText, false, "x"), text("x")), 1002},
		"a length longer than it need be":      {[]byte{0x81, 0xfe, 0, 5, 1, 2, 3, 4}, 1002},
		"a length with its highest bit":        {[]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4}, 1002},
		"binary":                               {masked(ws.OpBinary, true, "x"), 1003},
		"the first fragment of a binary":       {masked(ws.OpBinary, false, ""), 1003},
		"a long binary":                        {[]byte{0x82, 0xfe, 0xff, 0xff, 1, 2, 3, 4}, 1003},
		"text that is not UTF-8":               {text("\xff"), 1007},
		"a character cut at the end":           {text("caf\xc3"), 1007},
		"a surrogate":                          {text("\xed\xa0\x80"), 1007},
		"not UTF-8 across fragments":           {join(masked(ws.OpText, false, "\xc3"), masked(ws.OpContinuation, true, "x")), 1007},
		"over the limit":                       {text(strings.Repeat("x", 4097)), 1009},
		"over the limit by its header alone":   {[]byte{0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, 1009},
		"over the limit in fragments":          {join(masked(ws.OpText, false, strings.Repeat("x", 4000)), masked(ws.OpContinuation, false, strings.Repeat("x", 97))), 1009},
		"a close of one byte":                  {masked(ws.OpClose, true, "x"), 1002},
		"a close with 999":                     {masked(ws.OpClose, true, closing(999, "")), 1002},
		"a close with 1004":                    {masked(ws.OpClose, true, closing(1004, "")), 1002},
		"a close with 1005":                    {masked(ws.OpClose, true, closing(1005, "")), 1002},
		"a close with 1006":                    {masked(ws.OpClose, true, closing(1006, "")), 1002},
		"a close with 1015":                    {masked(ws.OpClose, true, closing(1015, "")), 1002},
		"a close with 2999":                    {masked(ws.OpClose, true, closing(2999, "")), 1002},
		"a close with 5000":                    {masked(ws.OpClose, true, closing(5000, "")), 1002},
		"a close whose reason is not UTF-8":    {masked(ws.OpClose, true, closing(1000, "\xff")), 1007},
		"a close, answered with its code":      {masked(ws.OpClose, true, closing(3999, "bye")), 3999},
		"a close without code, answered alike": {masked(ws.OpClose, true, ""), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := server.seated(t, "till-1", token)
			c.write(bad.bytes)
			c.expectClose(bad.close)
		})
	}
}

// What it still sends is read for a while: a connection that is closed over unread input is reset, which
// may lose the close frame and the reason with it.
func (s suite) AClientThatTalksOnAfterItsMistakeStillReadsTheClose(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	more := text(strings.Repeat("x", 4000))
	c.write(join(masked(ws.OpBinary, true, "x"), bytes.Repeat(more, 16)))
	for began := time.Now(); time.Since(began) < 100*time.Millisecond; waitABit(t) {
		c.write(more)
	}
	c.expectClose(1003)
}

func (s suite) AnUnknownMessageGetsOneErrorAndThenAClose(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	for _, unknown := range []string{
		``, `ping`, `null`, `[]`, `{}`, `{"type":"PING"}`, `{"Type":"ping"}`, `{"type":"ping","type":"ping"}`, `{"type":"ping"} {}`,
		`{"type":"ping","more":1}`, `{"type":"ack"}`, `{"type":"ack","seq":"1"}`, `{"type":"ack","seq":-1}`, `{"type":"ack","seq":1.5}`,
		`{"type":"session_established"}`, `{"type":["ping"]}`, strings.Repeat("[", 4000),
	} {
		c := server.seated(t, "till-1", token)
		c.write(join(text(unknown), text(unknown)))
		require.Equal(t, "invalid_request", c.expect("error")["code"], unknown)
		c.expectClose(1008)
	}
}

func (s suite) AMessageMayComeInFragmentsWithControlFramesBetween(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	all := join(
		masked(ws.OpText, false, `{"type"`), masked(ws.OpPing, true, "between"), masked(ws.OpContinuation, false, ""),
		masked(ws.OpPong, true, "unasked"), masked(ws.OpContinuation, true, `:"ping"}`),
	)
	for _, b := range all { // and each byte for itself
		c.write([]byte{b})
	}
	f := c.frame()
	require.Equal(t, ws.OpPong, f.Header.OpCode)
	require.Equal(t, "between", string(f.Payload))
	c.expect("pong")
	c.write(text(`{"type":"ping"` + strings.Repeat(" ", 4096-len(`{"type":"ping"}`)) + `}`)) // exactly the limit
	c.expect("pong")
}

func (s suite) AFloodIsClosed(t *testing.T) {
	server := Start(t, s.listen, hub.Options{FrameRate: 1})
	token, _ := server.Floor.Login("ada", "till-1")
	for name, frame := range map[string][]byte{"messages": text(`{"type":"ping"}`), "control frames": masked(ws.OpPing, true, "")} {
		t.Run(name, func(t *testing.T) {
			c := server.seated(t, "till-1", token)
			c.write(bytes.Repeat(frame, 200))
			f := c.frame()
			answers := 0
			for ; f.Header.OpCode == ws.OpPong || strings.Contains(string(f.Payload), `"pong"`); f = c.frame() {
				answers++
			}
			require.InDelta(t, 65, answers, 5, "the burst, and one more for each second that the test took")
			require.Contains(t, string(f.Payload), `"rate_limited"`)
			c.expectClose(4029)
		})
	}
	c := server.seated(t, "till-1", token)
	var fragments []byte
	for range 100 {
		fragments = append(fragments, masked(ws.OpContinuation, false, "")...)
	}
	c.write(join(masked(ws.OpText, false, ""), fragments))
	c.expect("error")
	c.expectClose(4029)
}
