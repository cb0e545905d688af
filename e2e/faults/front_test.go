package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// haproxy is a real one before the nodes of a site, with the configuration that the documents show.
type haproxy struct {
	t     *testing.T
	url   string
	stats string
}

// newHAProxy starts one on the clients' address and waits until it sees every node.
func newHAProxy(t *testing.T, nodes ...*node) *haproxy {
	t.Helper()
	shown, err := os.ReadFile("../../deploy/haproxy.cfg")
	require.NoError(t, err)
	p := &haproxy{t: t, url: "http://" + freeAddress(t), stats: freeAddress(t)}
	config := string(shown)
	var servers strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&servers, "    server %s %s\n", n.name, strings.TrimPrefix(n.url, "http://"))
	}
	for _, change := range [][2]string{
		{"bind :443 ssl crt /etc/haproxy/hotseat.pem alpn http/1.1", "bind " + strings.TrimPrefix(p.url, "http://")},
		{"X-Forwarded-Proto https", "X-Forwarded-Proto http"},
		{"    server a 127.0.0.1:8080\n    server b 127.0.0.1:8081\n", servers.String()},
		{"127.0.0.1:8404", p.stats},
		{"maxconn 200000", "maxconn 4000"},
	} {
		require.Contains(t, config, change[0])
		config = strings.Replace(config, change[0], change[1], 1)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	process := exec.Command("haproxy", "-db", "-q", "-f", file)
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, process.Start(), "run make deps")
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	for _, n := range nodes {
		p.sees(n, "UP")
	}
	return p
}

// freeAddress is one of the clients' that nobody listens on.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", clientIP+":0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// sees waits until the proxy takes the node for that.
func (p *haproxy) sees(n *node, state string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		reply, err := http.Get("http://" + p.stats + "/;csv;norefresh")
		if err != nil {
			return false
		}
		defer reply.Body.Close()
		text, _ := io.ReadAll(reply.Body) // half an answer says nothing of the node
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "hotseat,"+n.name+",") {
				return strings.Contains(line, ","+state+",")
			}
		}
		return false
	}, patience, 20*time.Millisecond, "HAProxy does not see %s %s", n.name, state)
}
