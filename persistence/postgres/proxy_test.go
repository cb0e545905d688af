package postgres_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between the store and its server. When it swallows, each connection is cut as soon as
// the server has answered: the request was done, and nobody hears.
type proxy struct {
	t        *testing.T
	listener net.Listener
	server   string

	mu      sync.Mutex
	swallow bool
	conns   []net.Conn
	all     sync.WaitGroup
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{t: t, listener: l, server: server}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.all.Wait()
	})
	return p
}

// through is the URL by way of the proxy.
func (p *proxy) through(to string) string {
	u, err := url.Parse(to)
	require.NoError(p.t, err)
	u.Host = p.listener.Addr().String()
	return u.String()
}

// swallowAnswers cuts the connections that are there at their next answer; later ones are spared.
func (p *proxy) swallowAnswers() {
	p.mu.Lock()
	p.swallow = true
	p.mu.Unlock()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.swallow = false
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.all.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
		p.all.Go(func() { p.answer(client, server) })
	}
}

func (p *proxy) answer(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := server.Read(b)
		p.mu.Lock()
		cut := p.swallow
		p.mu.Unlock()
		if err != nil || cut {
			return
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}
