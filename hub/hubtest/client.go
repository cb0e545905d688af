package hubtest

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
)

// patience is how long a client waits for what must come; only a failing test waits that long.
const patience = 10 * time.Second

// raw is a client that says exactly the bytes that a test wants.
type raw struct {
	t    *testing.T
	net  net.Conn
	in   *bufio.Reader
	resp *http.Response
}

// handshake is a good one, with header lines added; a line replaces one of the same name.
func handshake(path string, lines ...string) string {
	names := []string{"Host", "Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key"}
	values := map[string]string{
		"Host": "hub.example", "Upgrade": "websocket", "Connection": "Upgrade",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	}
	for i := 0; i < len(lines); i += 2 {
		if _, known := values[lines[i]]; !known {
			names = append(names, lines[i])
		}
		values[lines[i]] = lines[i+1]
	}
	text := "GET " + path + " HTTP/1.1\r\n"
	for _, name := range names {
		if values[name] != "" {
			text += name + ": " + values[name] + "\r\n"
		}
	}
	return text + "\r\n"
}

// say opens a connection, sends a request and reads the response's head.
func (s *Server) say(t *testing.T, request string) *raw {
	t.Helper()
	c := &raw{t: t, net: s.dial(t)}
	c.net.SetDeadline(time.Now().Add(patience))
	c.in = bufio.NewReader(c.net)
	c.write([]byte(request))
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(t, err)
	c.resp = resp
	return c
}

// connect opens a socket; lines are headers for it.
func (s *Server) connect(t *testing.T, terminal string, lines ...string) *raw {
	t.Helper()
	c := s.say(t, handshake("/ws/session/"+terminal+"/", lines...))
	require.Equal(t, http.StatusSwitchingProtocols, c.resp.StatusCode)
	return c
}

// seated opens a socket with a token and reads session_established.
func (s *Server) seated(t *testing.T, terminal, token string) *raw {
	t.Helper()
	c := s.connect(t, terminal, "Authorization", "Bearer "+token)
	c.expect("session_established")
	return c
}

func (c *raw) write(b []byte) {
	c.t.Helper()
	_, err := c.net.Write(b)
	require.NoError(c.t, err)
}

// masked is a client's frame.
func masked(op ws.OpCode, fin bool, payload string) []byte {
	frame := ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload)))
	b, err := ws.CompileFrame(frame)
	if err != nil {
		panic(err)
	}
	return b
}

func text(payload string) []byte { return masked(ws.OpText, true, payload) }

// frame reads the next frame, pings left out.
func (c *raw) frame() ws.Frame {
	c.t.Helper()
	for {
		f, err := c.read()
		require.NoError(c.t, err)
		require.False(c.t, f.Header.Masked, "a server's frame is not masked")
		require.True(c.t, f.Header.Fin)
		require.Zero(c.t, f.Header.Rsv)
		if f.Header.OpCode != ws.OpPing {
			return f
		}
	}
}

func (c *raw) read() (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(c.in); err != nil {
		return f, err
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(c.in, f.Payload)
	return f, err
}

// said is a message of the server.
type said map[string]any

// expect reads the next frame, which must be a message of that type.
func (c *raw) expect(kind string) said {
	c.t.Helper()
	f := c.frame()
	require.Equal(c.t, ws.OpText, f.Header.OpCode, "got %s", describe(f))
	var m said
	require.NoError(c.t, json.Unmarshal(f.Payload, &m), "%q", f.Payload)
	require.Equal(c.t, kind, m["type"], "%s", f.Payload)
	return m
}

// expectClose reads the next frame, which must be a close with that code, then answers it and
// expects the end of the connection.
func (c *raw) expectClose(code int) {
	c.t.Helper()
	f := c.frame()
	require.Equal(c.t, ws.OpClose, f.Header.OpCode, "got %s", describe(f))
	if code == 0 {
		require.Empty(c.t, f.Payload)
	} else {
		require.GreaterOrEqual(c.t, len(f.Payload), 2)
		require.Equal(c.t, code, int(binary.BigEndian.Uint16(f.Payload)), "%s", describe(f))
	}
	c.expectEnd()
}

// expectEnd expects the server to end its side cleanly: a reset would lose the close frame.
func (c *raw) expectEnd() {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	require.NoError(c.t, err)
	require.Empty(c.t, rest)
	c.net.Close()
}

func describe(f ws.Frame) string { return fmt.Sprintf("op %d %q", f.Header.OpCode, f.Payload) }

// shrink makes the kernel of a client that does not read take little for it.
func shrink(nc net.Conn) {
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	nc.(*net.TCPConn).SetReadBuffer(8 << 10)
}
