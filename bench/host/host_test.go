package host_test

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/bench/host"
)

func TestTheListenerOfAnAddressIsFound(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		require.NoError(t, err)
		at := netip.MustParseAddrPort(l.Addr().String())
		if at.Addr().IsUnspecified() {
			at = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port())
		}
		p, err := host.Listening(at)
		require.NoError(t, err, address)
		require.Equal(t, os.Getpid(), p.PID)
		require.NoError(t, l.Close())
		_, err = host.Listening(at)
		require.ErrorContains(t, err, "no process of this machine")
	}
}

func TestCPUTimeIsThatOfTheProcessAndIfAskedOfItsChildren(t *testing.T) {
	self := host.Self()
	family := host.Process{PID: os.Getpid(), Children: true}
	before, err := self.CPU()
	require.NoError(t, err)
	all, err := family.CPU()
	require.NoError(t, err)
	after := before
	for end := time.Now().Add(20 * time.Second); after-before < 30*time.Millisecond && time.Now().Before(end); {
		after, err = self.CPU() // asking is the work
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, after-before, 30*time.Millisecond)

	require.NoError(t, exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done").Run())
	own, err := self.CPU()
	require.NoError(t, err)
	withChild, err := family.CPU()
	require.NoError(t, err)
	require.Greater(t, withChild-all, own-before+30*time.Millisecond, "the child's work counts for the family alone")
}

func TestAProcessTellsItsMemoryAndItsLimit(t *testing.T) {
	p := host.Self()
	before, err := p.Resident()
	require.NoError(t, err)
	block, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE) // not what Go kept of before
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(block)) }()
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	after, err := p.Resident()
	require.NoError(t, err)
	require.InDelta(t, 64<<20, after-before, 32<<20, "the kernel may take pages of the program itself meanwhile")
	limit, err := p.FileLimit()
	require.NoError(t, err)
	require.Positive(t, limit)
	require.NotEmpty(t, p.Program())
	_, err = host.Process{PID: 1 << 30}.CPU()
	require.Error(t, err)
}

func TestTheMachineIsDescribed(t *testing.T) {
	m := host.ThisMachine()
	require.NotEmpty(t, m.Kernel)
	require.Positive(t, m.Memory)
	require.Positive(t, m.Cores)
	busy, there, err := host.Busy()
	require.NoError(t, err)
	require.Positive(t, busy)
	require.Greater(t, there, busy)
}
