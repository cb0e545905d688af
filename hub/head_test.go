package hub

import (
	"bufio"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
)

const goodHead = "GET /ws/session/till-1/?ticket=t HTTP/1.1\r\nHost: hub.example\r\nUpgrade: websocket\r\n" +
	"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Protocol: hotseat.v1, hotseat.bearer.x\r\nOrigin: http://till.example\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"

// What the shards take by themselves, net/http and check take too, and understand alike.
func FuzzHead(f *testing.F) {
	f.Add(goodHead, 10)
	f.Add(goodHead+"\x81\x80", len(goodHead))
	f.Add(strings.Replace(goodHead, "Host", "Content-Length: 4\r\nHost", 1), 3)
	f.Add(strings.Replace(goodHead, "Host", " folded\r\nHost", 1), 3)
	f.Add(strings.Replace(goodHead, "Host: hub.example", "Host: a\r\nHost: b", 1), 3)
	f.Add(strings.Replace(goodHead, "till-1/", "till%2d1", 1), 3)
	f.Add(strings.Replace(goodHead, "?ticket=t", "?a;b&ticket=%zz&ticket=%41", 1), 3)
	f.Add(strings.Replace(goodHead, "/ws/session/", "/ws/", 1), 3)
	f.Add(strings.ReplaceAll(goodHead, "\r\n", "\n"), 3)
	f.Add(strings.Replace(goodHead, "Origin:", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin:", 1), 3)
	f.Add(strings.Replace(goodHead, "HTTP/1.1", "HTTP/1.0", 1), 3)
	f.Add("POST /v1/login HTTP/1.1\r\n\r\n", 1)
	f.Add("GET /ws/"+strings.Repeat("x", maxHead), 8)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		kind, end := classify([]byte(text))
		if cut >= 0 && cut < len(text) { // what was said of the beginning stays true
			early, earlyEnd := classify([]byte(text[:cut]))
			if early != headPartial {
				require.Equal(t, []any{early, earlyEnd}, []any{kind, end})
			}
		}
		if len(text) >= maxHead {
			require.NotEqual(t, headPartial, kind, "more would be read for ever")
		}
		if kind != headSocket {
			return
		}
		h, ok := parseHead(text[:end])
		if !ok {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text[:end])))
		require.NoError(t, err)
		offered, bad := check(r)
		require.Nil(t, bad)
		terminal, bad := terminalOf(r.URL.Path)
		require.Nil(t, bad)
		r.RemoteAddr = "127.0.0.1:5"
		want, got := newRequest(r, terminal, offered), h.request(netip.MustParseAddr("127.0.0.1"))
		for name, values := range r.Header {
			require.Equal(t, values, got.Header(name), name)
		}
		want.Header, got.Header = nil, nil
		require.Equal(t, want, got)
		require.Equal(t, r.Header.Get("Sec-WebSocket-Key"), h.key)
	})
}

func TestAnOrdinaryHandshakeIsTakenByTheShardsThemselves(t *testing.T) {
	kind, end := classify([]byte(goodHead + "more"))
	require.Equal(t, headSocket, kind)
	require.Equal(t, len(goodHead), end)
	h, ok := parseHead(goodHead)
	require.True(t, ok)
	r := h.request(netip.Addr{})
	require.Equal(t, "till-1", r.TerminalID)
	require.Equal(t, "t", r.Query)
	require.Equal(t, []string{"hotseat.v1", "hotseat.bearer.x"}, r.Protocols)
	require.Equal(t, []string{"1.2.3.4"}, r.Header("X-Forwarded-For"))
}

// What a handshake in memory costs until its answer is there: by the shards' own reader, and by the
// Upgrader of gobwas, which leaves its request unread but for what it checks itself.
func BenchmarkAHandshakeInMemory(b *testing.B) {
	b.Run("shards", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, end := classify([]byte(goodHead))
			h, _ := parseHead(goodHead[:end])
			h.request(netip.Addr{})
			switching(h.key, protocolName, h.echo())
		}
	})
	b.Run("ws.Upgrader", func(b *testing.B) {
		b.ReportAllocs()
		upgrader := ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == protocolName }}
		for b.Loop() {
			said := memory{strings.NewReader(goodHead), io.Discard}
			if _, err := upgrader.Upgrade(said); err != nil {
				b.Fatal(err)
			}
		}
	})
}

type memory struct {
	io.Reader
	io.Writer
}

// What ws.Upgrader takes and we must not: it is why the shards have a reader of their own.
func TestTheUpgraderTakesWhatIsRefusedHere(t *testing.T) {
	upgrader := ws.Upgrader{}
	for name, odd := range map[string]string{
		"a key that is not base64": strings.Replace(goodHead, "dGhlIHNhbXBsZSBub25jZQ==", "????????????????????????", 1),
		"a body":                   strings.Replace(goodHead, "Host:", "Content-Length: 4\r\nHost:", 1),
		"a body in chunks":         strings.Replace(goodHead, "Host:", "Transfer-Encoding: chunked\r\nHost:", 1),
		"two hosts":                strings.Replace(goodHead, "Host:", "Host: other.example\r\nHost:", 1),
		"two keys":                 strings.Replace(goodHead, "Host:", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nHost:", 1),
		"a name that is no token":  strings.Replace(goodHead, "Origin:", "Ori gin:", 1),
		"a head of a megabyte":     strings.Replace(goodHead, "Origin:", strings.Repeat("X-Long: 0123456789\r\n", 50_000)+"Origin:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := upgrader.Upgrade(memory{strings.NewReader(odd), io.Discard})
			require.NoError(t, err)
			kind, end := classify([]byte(odd))
			if kind == headSocket {
				_, ok := parseHead(odd[:end])
				require.False(t, ok)
			}
		})
	}
}
