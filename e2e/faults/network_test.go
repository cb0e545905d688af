package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// The network: one bridge, on it the clients, the database, and each node by a cable of its own.
const (
	clientIP   = "10.77.0.1"
	databaseIP = "10.77.0.2"
	awayIP     = "10.77.0.3" // of clients whose network goes away
)

// makeNetwork is for a process with namespaces of its own. Namespaces of nodes are names in a folder,
// which is made this process's own as well.
func makeNetwork() error {
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return err
	}
	return errors.Join(
		run("mount", "--make-rprivate", "/"),
		run("mount", "-t", "tmpfs", "none", "/run/netns"),
		run("ip", "link", "set", "lo", "up"),
		// Without an address of its own it takes that of a cable, and another one when that cable goes:
		// everybody who had looked it up would talk to nobody.
		run("ip", "link", "add", "bridge", "address", "02:00:00:00:00:01", "type", "bridge"),
		run("ip", "addr", "add", clientIP+"/24", "dev", "bridge"),
		run("ip", "addr", "add", databaseIP+"/24", "dev", "bridge"),
		run("ip", "addr", "add", awayIP+"/24", "dev", "bridge"),
		run("ip", "link", "set", "bridge", "up"))
}

// host is a machine of its own as far as the network goes. Its methods are for the test's goroutine.
type host struct {
	t    *testing.T
	name string // of the namespace
	ip   string
	plug string // the cable's other end, at the bridge
}

var hosts atomic.Int64

// newHost makes one until the test ends.
func newHost(t *testing.T) *host {
	t.Helper()
	n := hosts.Add(1)
	require.Less(t, n, int64(240), "no address left")
	h := &host{t: t, name: fmt.Sprintf("host%d", n), ip: fmt.Sprintf("10.77.0.%d", 9+n), plug: fmt.Sprintf("cable%d", n)}
	for _, step := range [][]string{
		{"netns", "add", h.name},
		{"link", "add", h.plug, "type", "veth", "peer", "name", "eth0", "netns", h.name},
		{"link", "set", h.plug, "master", "bridge", "up"},
		{"-n", h.name, "addr", "add", h.ip + "/24", "dev", "eth0"},
		{"-n", h.name, "link", "set", "eth0", "up"},
		{"-n", h.name, "link", "set", "lo", "up"},
	} {
		require.NoError(t, run("ip", step...))
	}
	t.Cleanup(func() { _ = run("ip", "netns", "del", h.name) })
	return h
}

// in is the command line that runs another one on this host.
func (h *host) in(argv ...string) []string {
	return append([]string{"nsenter", "--net=/run/netns/" + h.name}, argv...)
}

func (h *host) do(argv ...string) {
	h.t.Helper()
	argv = h.in(argv...)
	require.NoError(h.t, run(argv[0], argv[1:]...))
}

// drop lets packets from or to an address vanish without a word, as a broken cable does; more are
// further conditions of iptables.
func (h *host) drop(direction, address string, more ...string) {
	h.t.Helper()
	which := map[string]string{"INPUT": "-s", "OUTPUT": "-d"}[direction]
	h.do(append(append([]string{"iptables", "-w", "-A", direction, which, address}, more...), "-j", "DROP")...)
}

// dropped is how many packets its drops have taken.
func (h *host) dropped() (packets int) {
	h.t.Helper()
	for line := range strings.Lines(h.ask("iptables", "-w", "-nvxL")) {
		var n int
		if _, err := fmt.Sscanf(line, "%d", &n); err == nil && strings.Contains(line, "DROP") {
			packets += n
		}
	}
	return packets
}

// slowed is how often a packet had to wait because the cable is narrow.
func (h *host) slowed() (times int) {
	h.t.Helper()
	said := h.ask("tc", "-s", "qdisc", "show", "dev", "eth0")
	if _, after, found := strings.Cut(said, "overlimits "); found {
		_, _ = fmt.Sscanf(after, "%d", &times) // what is no number is no time
	}
	return times
}

// ask runs a program there and returns what it says.
func (h *host) ask(argv ...string) string {
	h.t.Helper()
	argv = h.in(argv...)
	said, err := exec.Command(argv[0], argv[1:]...).Output()
	require.NoError(h.t, err)
	return string(said)
}

// heal takes back all drops and limits.
func (h *host) heal() {
	h.t.Helper()
	h.do("iptables", "-w", "-F")
	_ = run("tc", "-n", h.name, "qdisc", "del", "dev", "eth0", "root") // there may be none
	_ = run("tc", "qdisc", "del", "dev", h.plug, "root")
}

// cutFrom drops both ways.
func (h *host) cutFrom(addresses ...string) {
	h.t.Helper()
	for _, a := range addresses {
		h.drop("INPUT", a)
		h.drop("OUTPUT", a)
	}
}

// lose drops that share of all packets, both ways.
func (h *host) lose(share string) {
	h.t.Helper()
	for _, direction := range []string{"INPUT", "OUTPUT"} {
		h.do("iptables", "-w", "-A", direction, "-m", "statistic", "--mode", "random", "--probability", share, "-j", "DROP")
	}
}

// narrow leaves that much of the cable, each way.
func (h *host) narrow(rate string) {
	h.t.Helper()
	bucket := []string{"root", "tbf", "rate", rate, "burst", "16kb", "latency", "400ms"}
	require.NoError(h.t, run("tc", append([]string{"-n", h.name, "qdisc", "add", "dev", "eth0"}, bucket...)...))
	require.NoError(h.t, run("tc", append([]string{"qdisc", "add", "dev", h.plug}, bucket...)...))
}
