package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// start runs the program until the test ends, and returns its host and port.
func start(t *testing.T) string {
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- serve(ctx, "127.0.0.1:0", func(at net.Addr) { ready <- at.String() }) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	select {
	case address := <-ready:
		return address
	case err := <-done:
		require.NoError(t, err)
		return ""
	}
}

// raw is a client that says any bytes.
type raw struct {
	net net.Conn
	in  *bufio.Reader
}

func connect(t *testing.T, address string) *raw {
	nc, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close() })
	require.NoError(t, nc.SetDeadline(time.Now().Add(patience)))
	c := &raw{nc, bufio.NewReader(nc)}
	_, err = io.WriteString(nc, "GET /ws/session/echo/ HTTP/1.1\r\nHost: echo.example\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	return c
}

// A chop is a way to cut frames into writes.
type chop func(frames [][]byte) (writes [][]byte)

var chops = map[string]chop{
	"in one piece": func(frames [][]byte) [][]byte {
		var all []byte
		for _, f := range frames {
			all = append(all, f...)
		}
		return [][]byte{all}
	},
	"frame by frame": func(frames [][]byte) [][]byte { return frames },
	"octet by octet": func(frames [][]byte) (octets [][]byte) {
		for _, f := range frames {
			for i := range f {
				octets = append(octets, f[i:i+1])
			}
		}
		return octets
	},
}

// say sends frames while another goroutine may read. The end of the connection is no error: a server
// that has heard enough may close while the rest is on its way.
func (c *raw) say(writes [][]byte) {
	for _, b := range writes {
		if _, err := c.net.Write(b); err != nil {
			return
		}
	}
}

// expect reads frames until the end of the connection: those wanted, and then a close with that code
// (zero: an empty one).
func (c *raw) expect(t *testing.T, want []answer, code int) {
	t.Helper()
	for i, w := range want {
		op, payload := c.read(t)
		require.Equal(t, w.op, op, "answer %d: %.60q", i, payload)
		require.True(t, w.payload == string(payload), "answer %d: got %.60q, want %.60q", i, payload, w.payload)
	}
	op, payload := c.read(t)
	require.Equal(t, ws.OpClose, op, "%.60q", payload)
	if code == 0 {
		require.Empty(t, payload)
	} else {
		require.GreaterOrEqual(t, len(payload), 2)
		require.Equal(t, code, int(binary.BigEndian.Uint16(payload)), "%q", payload)
	}
	rest, err := io.ReadAll(c.in)
	require.NoError(t, err, "the connection must end cleanly")
	require.Empty(t, rest, "nothing follows a close")
}

func (c *raw) read(t *testing.T) (ws.OpCode, []byte) {
	t.Helper()
	h, err := ws.ReadHeader(c.in)
	require.NoError(t, err)
	require.False(t, h.Masked)
	require.Zero(t, h.Rsv)
	require.True(t, h.Fin)
	payload := make([]byte, h.Length)
	_, err = io.ReadFull(c.in, payload)
	require.NoError(t, err)
	return h.OpCode, payload
}
