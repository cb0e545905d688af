package main

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
)

// answer is one frame of the server.
type answer struct {
	op      ws.OpCode
	payload string
}

func text(s string) answer { return answer{ws.OpText, s} }
func pong(s string) answer { return answer{ws.OpPong, s} }
func data(s string) answer { return answer{ws.OpBinary, s} }

// A frame of a client. Its first byte may get further bits.
func frame(op ws.OpCode, fin bool, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
}

func whole(payload string) []byte { return frame(ws.OpText, true, payload) }
func first(payload string) []byte { return frame(ws.OpText, false, payload) }
func next(payload string) []byte  { return frame(ws.OpContinuation, false, payload) }
func last(payload string) []byte  { return frame(ws.OpContinuation, true, payload) }
func ping(payload string) []byte  { return frame(ws.OpPing, true, payload) }
func bye() []byte                 { return closing(1000, "") }

func closing(code uint16, reason string) []byte {
	return frame(ws.OpClose, true, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

func reserved(bits byte, f []byte) []byte {
	f[0] |= bits << 4
	return f
}

// case_ is one case of Autobahn's, or several that differ only in a figure or in how their bytes are
// cut: each is sent in one piece, frame by frame, and octet by octet.
type case_ struct {
	name string
	say  [][]byte
	want []answer
	code int
}

func say(frames ...[]byte) [][]byte { return frames }

var binaryPing = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"

var cases = []case_{
	{"1.1.1 an empty text", say(whole(""), bye()), []answer{text("")}, 1000},
	{"1.1.2-5 short texts", say(whole(x(125)), whole(x(126)), whole(x(127)), whole(x(128)), bye()), []answer{text(x(125)), text(x(126)), text(x(127)), text(x(128))}, 1000},
	{"1.1.6-8 long texts", say(whole(x(65535)), whole(x(65536)), bye()), []answer{text(x(65535)), text(x(65536))}, 1000},
	{"1.2.1 an empty binary", say(frame(ws.OpBinary, true, ""), bye()), []answer{data("")}, 1000},
	{"1.2.2-8 binaries", say(frame(ws.OpBinary, true, x(126)), frame(ws.OpBinary, true, "\xfe"+x(65535)), bye()), []answer{data(x(126)), data("\xfe" + x(65535))}, 1000},

	{"2.1 a ping without payload", say(ping(""), bye()), []answer{pong("")}, 1000},
	{"2.2 a ping with a text", say(ping("Hello, world!"), bye()), []answer{pong("Hello, world!")}, 1000},
	{"2.3 a ping with octets", say(ping(binaryPing), bye()), []answer{pong(binaryPing)}, 1000},
	{"2.4 and 2.6 a ping of 125 octets", say(ping(x(125)), bye()), []answer{pong(x(125))}, 1000},
	{"2.5 a ping of 126 octets", say(ping(x(126)), bye()), nil, 1002},
	{"2.7-8 pongs that nobody asked for", say(frame(ws.OpPong, true, ""), frame(ws.OpPong, true, "unsolicited"), bye()), nil, 1000},
	{"2.9 an unasked pong and a ping", say(frame(ws.OpPong, true, "unsolicited"), ping("p"), bye()), []answer{pong("p")}, 1000},
	{"2.10-11 ten pings", say(ping("0"), ping("1"), ping("2"), ping("3"), ping("4"), ping("5"), ping("6"), ping("7"), ping("8"), ping("9"), bye()), []answer{pong("0"), pong("1"), pong("2"), pong("3"), pong("4"), pong("5"), pong("6"), pong("7"), pong("8"), pong("9")}, 1000},

	{"3.1 RSV 1 in a text", say(reserved(1, whole("Hello")), bye()), nil, 1002},
	{"3.2-3 RSV 2 after a text", say(whole("Hello"), reserved(2, whole("Hello")), ping("")), []answer{text("Hello")}, 1002},
	{"3.4 RSV 3 after a text", say(whole("Hello"), reserved(3, whole("Hello")), ping("")), []answer{text("Hello")}, 1002},
	{"3.5 RSV 5 in a binary", say(reserved(5, frame(ws.OpBinary, true, "\x00\xff"))), nil, 1002},
	{"3.6 RSV 6 in a ping", say(reserved(6, ping("Hello"))), nil, 1002},
	{"3.7 RSV 7 in a close", say(reserved(7, bye())), nil, 1002},

	{"4.1.1 opcode 3", say(frame(3, true, "")), nil, 1002},
	{"4.1.2 opcode 4 with payload", say(frame(4, true, "reserved opcode payload")), nil, 1002},
	{"4.1.3 opcode 5 after a text", say(whole("Hello"), frame(5, true, ""), ping("")), []answer{text("Hello")}, 1002},
	{"4.1.4-5 opcodes 6 and 7", say(whole("Hello"), frame(6, true, "payload"), frame(7, true, ""), ping("")), []answer{text("Hello")}, 1002},
	{"4.2.1 opcode 11", say(frame(11, true, "")), nil, 1002},
	{"4.2.2 opcode 12 with payload", say(frame(12, true, "reserved opcode payload")), nil, 1002},
	{"4.2.3 opcode 13 after a text", say(whole("Hello"), frame(13, true, ""), ping("")), []answer{text("Hello")}, 1002},
	{"4.2.4-5 opcodes 14 and 15", say(whole("Hello"), frame(14, true, "payload"), frame(15, true, ""), ping("")), []answer{text("Hello")}, 1002},

	{"5.1 a ping in fragments", say(frame(ws.OpPing, false, "a"), last("b")), nil, 1002},
	{"5.2 a pong in fragments", say(frame(ws.OpPong, false, "a"), last("b")), nil, 1002},
	{"5.3-5 a text in two fragments", say(first("frag1"), last("frag2"), bye()), []answer{text("frag1frag2")}, 1000},
	{"5.6-8 a ping between the fragments", say(first("frag1"), ping("ping"), last("frag2"), bye()), []answer{pong("ping"), text("frag1frag2")}, 1000},
	{"5.9-11 the end of nothing", say(last("non-continuation"), whole("Hello")), nil, 1002},
	{"5.12-14 the middle of nothing", say(next("non-continuation"), whole("Hello")), nil, 1002},
	{"5.15 a middle after the end", say(first("frag1"), last("frag2"), next("frag3"), whole("frag4")), []answer{text("frag1frag2")}, 1002},
	{"5.16 the middle of nothing, then fragments", say(next("frag1"), first("frag2"), last("frag3")), nil, 1002},
	{"5.17 the end of nothing, then fragments", say(last("frag1"), first("frag2"), last("frag3")), nil, 1002},
	{"5.18 two beginnings", say(first("frag1"), whole("frag2")), nil, 1002},
	{"5.19-20 five fragments and two pings", say(first("f1"), next("f2"), ping("p1"), next("f3"), next("f4"), ping("p2"), last("f5"), bye()), []answer{pong("p1"), pong("p2"), text("f1f2f3f4f5")}, 1000},

	{"6.1.1 no text", say(whole(""), bye()), []answer{text("")}, 1000},
	{"6.1.2 no text in three fragments", say(first(""), next(""), last(""), bye()), []answer{text("")}, 1000},
	{"6.1.3 a text in the middle of three", say(first(""), next("middle frame payload"), last(""), bye()), []answer{text("middle frame payload")}, 1000},
	{"6.4 what is wrong in the second fragment of three", say(first("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"), next("\xf4\x90\x80\x80"), last("edited"), bye()), nil, 1007},

	{"7.1.1 a text and a close", say(whole("Hello World!"), bye()), []answer{text("Hello World!")}, 1000},
	{"7.1.2 two closes", say(bye(), bye()), nil, 1000},
	{"7.1.3 a ping after the close", say(bye(), ping("")), nil, 1000},
	{"7.1.4 a text after the close", say(bye(), whole("Hello World!")), nil, 1000},
	{"7.1.5 a close between fragments", say(first("fragment1"), bye(), last("fragment2")), nil, 1000},
	{"7.1.6 a long text, a close and a ping", say(whole(x(256<<10)), bye(), ping("")), []answer{text(x(256 << 10))}, 1000},
	{"7.3.1 a close without payload", say(frame(ws.OpClose, true, "")), nil, 0},
	{"7.3.2 a close of one octet", say(frame(ws.OpClose, true, "a")), nil, 1002},
	{"7.3.3 a close with a code", say(closing(1000, "")), nil, 1000},
	{"7.3.4 a close with a reason", say(closing(1000, "Hello World!")), nil, 1000},
	{"7.3.5 a close with the longest reason", say(closing(1000, x(123))), nil, 1000},
	{"7.3.6 a close with a longer one", say(closing(1000, x(124))), nil, 1002},
	{"7.5.1 a close whose reason is not UTF-8", say(closing(1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited")), nil, 1007},
}

func x(n int) string { return strings.Repeat("x", n) }

func TestEveryCaseIsAnsweredHoweverItsBytesAreCut(t *testing.T) {
	address := start(t)
	all := append(append(cases[:len(cases):len(cases)], texts()...), closes()...)
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, cut := range chops {
				if name == "octet by octet" && len(chops["in one piece"](c.say)[0]) > 5000 {
					continue // a system call for each of them
				}
				client := connect(t, address)
				done := make(chan struct{})
				go func() { defer close(done); client.say(cut(c.say)) }()
				client.expect(t, c.want, c.code)
				client.net.Close()
				<-done
			}
		})
	}
	require.Greater(t, len(all), 200)
}

// closes are the cases 7.7, 7.9 and 7.13: codes that may be sent are sent back.
func closes() (all []case_) {
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		all = append(all, case_{"7.7 a close with " + decimal(code), say(closing(code, "")), nil, int(code)})
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		all = append(all, case_{"7.9 a close with " + decimal(code), say(closing(code, "")), nil, 1002})
	}
	return all
}
