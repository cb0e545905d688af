package host

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Listening finds the process of this machine that listens on an address. It is an error when there
// is none, or when this user may not look into it.
func Listening(at netip.AddrPort) (Process, error) {
	inodes := append(listeners("/proc/net/tcp", at), listeners("/proc/net/tcp6", at)...)
	if len(inodes) == 0 {
		return Process{}, fmt.Errorf("no process of this machine listens on %s", at)
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is good
	for _, link := range links {
		target, err := os.Readlink(link)
		inode, isSocket := strings.CutPrefix(target, "socket:[")
		if err != nil || !isSocket || !slices.Contains(inodes, strings.TrimSuffix(inode, "]")) {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		return Process{Name: "server", PID: pid, Server: true}, err
	}
	return Process{}, fmt.Errorf("the process that listens on %s is another user's: run this as that user, or give --watch server=PID", at)
}

// listeners are the inodes of the sockets that listen there, or on every address.
func listeners(table string, at netip.AddrPort) (inodes []string) {
	text, _ := os.ReadFile(table) // a system without it has no such sockets
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != "0A" { // LISTEN
			continue
		}
		address, port, _ := strings.Cut(fields[1], ":")
		if number, err := strconv.ParseUint(port, 16, 16); err != nil || uint16(number) != at.Port() {
			continue
		}
		if local := address4(address); local == at.Addr() || strings.Trim(address, "0") == "" {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}

// address4 reads an address as the kernel writes it on machines of this byte order: IPv4 alone, and
// IPv6 as four words.
func address4(text string) netip.Addr {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return netip.Addr{}
	}
	for word := 0; word < len(b); word += 4 {
		slices.Reverse(b[word : word+4])
	}
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}
