package hubtest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// Server is a Hub behind a listener on loopback.
type Server struct {
	Hub   *hub.Hub
	Floor *Floor
	Addr  string
	TLS   *tls.Config // for clients; nil: plain
	// Stop ends Run and waits for it; the test's end does so too.
	Stop func()
}

// Listener puts a handler of the Hub behind a listener and returns its address.
type Listener func(t *testing.T, h *hub.Hub) (addr string, clients *tls.Config)

// Start starts a Hub with a Floor, running until the test ends.
func Start(t *testing.T, listen Listener, o hub.Options) *Server {
	t.Helper()
	f := NewFloor()
	o.Node, o.Gate, o.Owners, o.Ended = Node, f, f, f
	h, err := hub.New(o)
	require.NoError(t, err)
	f.hub = h
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	s := &Server{Hub: h, Floor: f}
	s.Addr, s.TLS = listen(t, h)
	s.Stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
		require.Zero(t, h.Count(), "sockets left after Run returned")
	})
	t.Cleanup(s.Stop)
	return s
}

// Plain is net/http without TLS.
func Plain(t *testing.T, h *hub.Hub) (string, *tls.Config) {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), nil
}

// Secure is net/http with TLS.
func Secure(t *testing.T, h *hub.Hub) (string, *tls.Config) {
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	trusting := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusting.ServerName = "example.com" // which the test certificate names
	return server.Listener.Addr().String(), trusting
}

// dial opens a connection to the server.
func (s *Server) dial(t *testing.T) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr)
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close() })
	if s.TLS == nil {
		return nc
	}
	secure := tls.Client(nc, s.TLS)
	require.NoError(t, secure.HandshakeContext(t.Context()))
	return secure
}
