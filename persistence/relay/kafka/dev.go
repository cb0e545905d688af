package kafka

import (
	"fmt"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Dev is a broker inside this process for development: one node, no authentication, records on disk
// without fsync. It speaks enough of the protocol for kcat and other real clients.
type Dev struct{ cluster *kfake.Cluster }

// StartDev starts the broker on a loopback address, with what an earlier one left in dir. The topics
// that are named here survive a crash of the process; those that clients name survive its end.
func StartDev(addr, dir string, topics ...string) (*Dev, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("development broker: %q is not host:port", addr)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("development broker: port %q is not a number", text)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("development broker: it asks nobody for a password, so it listens on loopback only, such as 127.0.0.1:%d", port)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir), kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(3), kfake.SeedTopics(3, topics...),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			_, p, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return net.Listen(network, net.JoinHostPort(host, p))
		}))
	if err != nil {
		return nil, fmt.Errorf("development broker on %s: %w", addr, err)
	}
	return &Dev{cluster}, nil
}

// Addr is where clients connect.
func (d *Dev) Addr() string { return d.cluster.ListenAddrs()[0] }

// Close stops the broker; what it has stays in its folder.
func (d *Dev) Close() { d.cluster.Close() }
