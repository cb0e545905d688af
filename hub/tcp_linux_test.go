package hub

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A peer that vanished acknowledges nothing: the kernel gives up after UserTimeout, where by default
// it would try for a quarter of an hour.
func TestTheKernelGivesUpPeersThatVanishAndTakesLittleForThoseThatDoNotRead(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	nc, err := listener.Accept()
	require.NoError(t, err)
	defer nc.Close()
	tuneTCP(nc, 20*time.Second)
	raw, err := nc.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	raw.Control(func(fd uintptr) {
		timeout, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
		require.NoError(t, err)
		require.EqualValues(t, 20_000, timeout)
		buffer, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
		require.NoError(t, err)
		require.Equal(t, 2*sendBuffer, buffer, "Linux doubles it for its own bookkeeping")
	})
}
