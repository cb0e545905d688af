package frame

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
)

// limits are small so that a fuzzer finds them.
var limits = Limits{Message: 200}

// read cuts b into pieces of the sizes in cuts, one after the other, and returns all the frames.
func read(t testing.TB, b, cuts []byte) (items []Item, err error) {
	var r Reader
	b = bytes.Clone(b)
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if i < len(cuts) {
			n = min(n, int(cuts[i]))
		}
		piece := b[:n]
		b = b[n:]
		for len(piece) > 0 {
			var item Item
			item, piece, err = r.Next(piece, limits)
			if err != nil {
				return items, err
			}
			if held := len(r.held) + len(r.message); held > 2*(limits.Message+ws.MaxHeaderSize) {
				t.Fatalf("%d bytes are held", held)
			}
			if item.Ok {
				item.Payload = bytes.Clone(item.Payload)
				items = append(items, item)
			}
		}
	}
	return items, nil
}

func singly(n int) []byte { return bytes.Repeat([]byte{1}, n) }

func frameOf(op ws.OpCode, fin bool, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
}

func FuzzFrames(f *testing.F) {
	long := strings.Repeat("x", 150)
	f.Add(frameOf(ws.OpText, true, `{"type":"ping"}`), []byte{1, 2, 3})
	f.Add(append(frameOf(ws.OpText, false, "caf\xc3"), frameOf(ws.OpContinuation, true, "\xa9")...), []byte{7})
	f.Add(append(append(frameOf(ws.OpText, false, "a"), frameOf(ws.OpPing, true, "p")...), frameOf(ws.OpContinuation, true, "b")...), []byte{})
	f.Add(append(frameOf(ws.OpText, false, long), frameOf(ws.OpContinuation, true, long)...), []byte{150, 1})
	f.Add(frameOf(ws.OpClose, true, "\x03\xe8bye"), []byte{3})
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, []byte{2})
	f.Fuzz(func(t *testing.T, b, cuts []byte) {
		whole, err := read(t, b, nil)
		for _, other := range [][]byte{cuts, singly(len(b))} {
			if bytes.IndexByte(other, 0) >= 0 {
				continue
			}
			items, cutErr := read(t, b, other)
			require.Equal(t, whole, items, "cut by %v", other)
			require.Equal(t, err, cutErr, "cut by %v", other)
		}
		for _, item := range whole {
			require.LessOrEqual(t, len(item.Payload), limits.Message)
			require.True(t, item.Op.IsControl() || utf8.Valid(item.Payload))
		}
		var violation *Violation
		if err != nil {
			require.ErrorAs(t, err, &violation)
			require.True(t, sendable(violation.Code), "%d may not be sent", violation.Code)
		}
		require.Equal(t, slowRead(b), summary(whole, err))
	})
}

// summary is what the slow reader says too: a line per frame.
func summary(items []Item, err error) (lines []string) {
	for _, item := range items {
		lines = append(lines, string('0'+rune(item.Op))+string(item.Payload))
	}
	var violation *Violation
	if errors.As(err, &violation) {
		lines = append(lines, "violation")
	}
	return lines
}

// slowRead is the obvious reader: gobwas reads a frame at a time from memory, and every rule is
// applied to whole frames.
func slowRead(b []byte) (lines []string) {
	in := bytes.NewReader(b)
	var message []byte
	kind := ws.OpContinuation
	for {
		begin := len(b) - in.Len()
		h, err := ws.ReadHeader(in)
		if errors.Is(err, ws.ErrHeaderLengthMSB) {
			return append(lines, "violation")
		}
		if err != nil {
			return lines
		}
		start := len(b) - in.Len()
		state := ws.StateServerSide
		if kind != 0 {
			state |= ws.StateFragmented
		}
		tooLong := h.OpCode.IsData() && h.Length > int64(limits.Message-len(message))
		shortest := start-begin == ws.HeaderSize(h)
		if ws.CheckHeader(h, state) != nil || h.OpCode == ws.OpBinary || tooLong || !shortest {
			return append(lines, "violation")
		}
		if int64(in.Len()) < h.Length {
			return lines
		}
		payload := bytes.Clone(b[start : start+int(h.Length)])
		in.Seek(h.Length, 1)
		ws.Cipher(payload, h.Mask, 0)
		switch {
		case h.OpCode == ws.OpClose && checkClose(payload) != nil:
			return append(lines, "violation")
		case h.OpCode.IsControl():
			lines = append(lines, string('0'+rune(h.OpCode))+string(payload))
			continue
		}
		message = append(message, payload...)
		if kind == 0 {
			kind = h.OpCode
		}
		if !h.Fin {
			lines = append(lines, "0")
			continue
		}
		if !utf8.Valid(message) {
			return append(lines, "violation")
		}
		lines = append(lines, string('0'+rune(kind))+string(message))
		message, kind = nil, 0
	}
}

func TestAnIdleReaderHoldsNothing(t *testing.T) {
	var r Reader
	step := func(b []byte, idle bool) {
		t.Helper()
		_, rest, err := r.Next(b, limits)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, idle, r.Idle())
	}
	require.True(t, r.Idle())
	whole := frameOf(ws.OpText, true, "whole")
	step(bytes.Clone(whole), true)
	step(bytes.Clone(whole[:3]), false)
	step(bytes.Clone(whole[3:]), true)
	step(frameOf(ws.OpText, false, "in "), false)
	step(frameOf(ws.OpPing, true, "between"), false)
	step(frameOf(ws.OpContinuation, true, "fragments"), true)
}

func TestWholeFramesAreReadWithoutAllocation(t *testing.T) {
	sent := frameOf(ws.OpText, true, `{"type":"ping"}`)
	b := make([]byte, len(sent))
	var r Reader
	require.Zero(t, testing.AllocsPerRun(100, func() {
		copy(b, sent)
		if item, _, err := r.Next(b, limits); !item.Ok || err != nil {
			t.Fatal(item, err)
		}
	}))
}

func TestBinaryIsReadWhereItIsAccepted(t *testing.T) {
	var r Reader
	item, _, err := r.Next(frameOf(ws.OpBinary, true, "\xff"), Limits{Message: 1, Binary: true})
	require.NoError(t, err)
	require.Equal(t, ws.OpBinary, item.Op)
	require.Equal(t, "\xff", string(item.Payload))
}

func TestAppendedFramesAreWhatGobwasWrites(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536} {
		payload := bytes.Repeat([]byte("x"), size)
		require.Equal(t, ws.MustCompileFrame(ws.NewTextFrame(payload)), Append(nil, ws.OpText, payload))
	}
	long := strings.Repeat("r", 200)
	want := ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(4510, long[:maxReason])))
	require.Equal(t, want, AppendClose(nil, 4510, long))
	require.Equal(t, ws.CompiledClose, AppendClose(nil, 0, ""))
}
