package crowd

import (
	"fmt"
	"net/netip"
	"runtime"
)

const (
	// ownFiles is how many descriptors of a table are left for others than sockets.
	ownFiles = 64
	// mostShards bounds the threads of a crowd.
	mostShards = 16
	// portsPerSource is how many of a source's ports one server may get: the kernel's default range
	// is 32768 to 60999, and some are in use or were of late.
	portsPerSource = 25_000
)

// ShardsFor is how many shards hold so many sockets under the limit of open files, which holds for
// each of them: one for every core, and more when those do not suffice.
func ShardsFor(sockets int) (int, error) {
	limit, err := fileLimit()
	if err != nil {
		return 0, err
	}
	each := limit - ownFiles
	cores := runtime.GOMAXPROCS(0)
	if each > 0 {
		if n := max(cores, (sockets+each-1)/each); n <= max(mostShards, cores) {
			return n, nil
		}
	}
	most := max(mostShards, cores)
	return 0, fmt.Errorf("%d sockets need a limit of at least %d open files, it is %d: run `ulimit -n %d` first, and hotseat in the same shell",
		sockets, (sockets+most-1)/most+ownFiles, limit, (sockets+cores-1)/cores+ownFiles)
}

// TableFor is an error when this process's own table has no room for so many connections.
func TableFor(connections int) error {
	limit, err := fileLimit()
	if need := connections + ownFiles; err == nil && limit < need {
		err = fmt.Errorf("this run needs a limit of about %d open files, it is %d: run `ulimit -n %d` first, and hotseat in the same shell", need, limit, need)
	}
	return err
}

// SourcesFor are enough addresses of this machine for so many sockets to one server. Any address of
// 127.0.0.0/8 is this machine's; a server elsewhere needs those of real interfaces, which only the
// caller knows.
func SourcesFor(server netip.Addr, sockets int, given []netip.Addr) ([]netip.Addr, error) {
	need := (sockets + portsPerSource - 1) / portsPerSource
	if len(given) >= need || need <= 1 {
		return given, nil
	}
	if len(given) > 0 || !server.IsLoopback() || !server.Is4() || need > 250 {
		return nil, fmt.Errorf("%d sockets to %s need %d source addresses, each has about %d ports: give --source once for each (`ip addr add ADDRESS dev DEVICE` adds one), or more --target",
			sockets, server, need, portsPerSource)
	}
	for i := range need {
		given = append(given, netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}))
	}
	return given, nil
}
