package faults

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/stretchr/testify/require"
)

// errTimeout is what a read past its deadline returns.
var errTimeout = os.ErrDeadlineExceeded

// deafSocket shakes hands for a session and is not read from afterwards. Its buffer is the smallest
// that there is, so that the server's fills up.
func (r *row) deafSocket(n *node, l granted) net.Conn {
	r.t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		outer := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1) })
		if outer != nil {
			return outer
		}
		return err
	}}
	address := strings.TrimPrefix(n.url, "http://")
	conn, err := dialer.Dial("tcp", address)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /ws/session/%s/ HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer %s\r\n\r\n", l.Session.TerminalID, address, l.AccessToken)
	require.NoError(r.t, err)
	status := make([]byte, len("HTTP/1.1 101"))
	_, err = io.ReadFull(conn, status)
	require.NoError(r.t, err)
	require.Equal(r.t, "HTTP/1.1 101", string(status))
	return conn
}

// readAll reads to the end of the connection, or its deadline.
func readAll(conn net.Conn) (int64, error) { return io.Copy(io.Discard, conn) }
