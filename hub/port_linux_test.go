package hub

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The listening descriptors share their port with each other, and with nobody else.
func TestAPortInUseIsAnError(t *testing.T) {
	first, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	_, err = Listen(first.Addr().String())
	require.ErrorIs(t, err, unix.EADDRINUSE)
	_, err = net.Listen("tcp", first.Addr().String())
	require.ErrorIs(t, err, unix.EADDRINUSE)

	require.NoError(t, first.Close())
	require.ErrorIs(t, first.Close(), net.ErrClosed)
	_, err = first.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	again, err := Listen(first.Addr().String())
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// The kernel spreads those who come over the shards' own listening descriptors.
func TestEveryShardAcceptsFromAPort(t *testing.T) {
	h, err := New(Options{Node: "n1", Gate: nobody{}, Owners: nobody{}, Ended: nobody{}})
	require.NoError(t, err)
	port, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	defer port.Close()
	require.NoError(t, h.AcceptFrom(port))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	defer func() { cancel(); require.NoError(t, <-done) }()
	for range 64 {
		nc, err := net.Dial("tcp", port.Addr().String())
		require.NoError(t, err)
		defer nc.Close()
	}
	var here []int
	require.Eventually(t, func() bool {
		all, counts := 0, make(chan int)
		here = nil
		for _, s := range h.engines.shards.(*shards).all {
			s.inbox.put(letter{do: func(s *shard) { counts <- len(s.arrivals) }})
			here = append(here, <-counts)
			all += here[len(here)-1]
		}
		return all == 64
	}, 4*time.Second, time.Millisecond)
	require.NotContains(t, here, 0, "one in 2^63 runs: %v", here)
	require.Len(t, here, runtime.GOMAXPROCS(0))
}

func TestAPortNeedsShards(t *testing.T) {
	h, err := New(Options{Node: "n1", Gate: nobody{}, Owners: nobody{}, Ended: nobody{}, Goroutines: true})
	require.NoError(t, err)
	port, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	defer port.Close()
	require.ErrorContains(t, h.AcceptFrom(port), "Options.Goroutines")
	require.Empty(t, h.NotReady())
}

// As tuneTCP for the other engine: a peer that vanished is found, one that does not read costs little.
func TestTheKernelTreatsSocketsOfShardsAsItDoesTheOthers(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	tune(fd, 20*time.Second)
	for _, option := range []struct{ level, name, want int }{
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 20_000},
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_SNDBUF, 2 * sendBuffer},
	} {
		got, err := unix.GetsockoptInt(fd, option.level, option.name)
		require.NoError(t, err)
		require.Equal(t, option.want, got)
	}
}
