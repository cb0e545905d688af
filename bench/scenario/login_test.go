package scenario

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/crowd"
)

// A count of failures has few kinds, and each says why.
func TestAFailureOfASocketIsCountedByItsCause(t *testing.T) {
	refused := fmt.Errorf("connect to 127.0.0.1:8080: %w", syscall.ECONNREFUSED)
	require.EqualError(t, kindOf(refused), "socket: connection refused")
	dialled := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 443}, Err: io.EOF}
	require.EqualError(t, kindOf(dialled), "socket: EOF")
	require.EqualError(t, kindOf(crowd.ErrLate), "socket: no answer to the handshake in time")
	require.EqualError(t, kindOf(&crowd.Refused{Status: "HTTP/1.1 503", Code: "overloaded"}), "socket: the server refused the socket: overloaded (HTTP/1.1 503)")
	require.True(t, errors.Is(kindOf(fmt.Errorf("%w: for 5s", ErrGone)), ErrGone))
}
