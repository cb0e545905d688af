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

	dialer func(addr string) (net.Conn, error) // nil: from where the test runs
}

// Listener is a way to reach a Hub.
type Listener struct {
	Goroutines bool // as in hub.Options
	// Listen puts the Hub behind a listener and returns its address.
	Listen func(t *testing.T, h *hub.Hub) (addr string, clients *tls.Config)

	handler func(h *hub.Hub) http.Handler // what is behind a shared port; nil: the Hub alone
}

// Start starts a Hub with a Floor, running until the test ends.
func Start(t *testing.T, listen Listener, o hub.Options) *Server {
	t.Helper()
	f := NewFloor()
	o.Node, o.Gate, o.Owners, o.Ended = Node, f, f, f
	o.Goroutines = listen.Goroutines
	h, err := hub.New(o)
	require.NoError(t, err)
	f.hub = h
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	s := &Server{Hub: h, Floor: f}
	if listen.handler != nil {
		s.Addr = sharePort(t, h, listen.handler(h))
	} else {
		s.Addr, s.TLS = listen.Listen(t, h)
	}
	s.Stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
		require.Zero(t, h.Count(), "sockets left after Run returned")
	})
	t.Cleanup(s.Stop)
	return s
}

// The ways to reach a Hub.
var (
	// Plain is net/http without TLS, and a goroutine for each socket.
	Plain = Listener{Goroutines: true, Listen: plain}
	// Secure is net/http with TLS, which is always so.
	Secure = Listener{Listen: secure}
	// Hijacked is net/http, which gives its connections to the Hub's own engine.
	Hijacked = Listener{Listen: plain}
	// Shared is a port from which the Hub accepts, and net/http gets what is left.
	Shared = Listener{Listen: shared}
)

func plain(t *testing.T, h *hub.Hub) (string, *tls.Config) {
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = h.ConnState
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), nil
}

func secure(t *testing.T, h *hub.Hub) (string, *tls.Config) {
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = h.ConnState
	server.StartTLS()
	t.Cleanup(server.Close)
	trusting := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusting.ServerName = "example.com" // which the test certificate names
	return server.Listener.Addr().String(), trusting
}

func shared(t *testing.T, h *hub.Hub) (string, *tls.Config) { return sharePort(t, h, h), nil }

func sharePort(t *testing.T, h *hub.Hub, handler http.Handler) string {
	port, err := hub.Listen("127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, h.AcceptFrom(port))
	serveHTTP(t, port, handler, h.ConnState)
	return port.Addr().String()
}

// dial opens a connection to the server.
func (s *Server) dial(t *testing.T) net.Conn {
	t.Helper()
	nc, err := s.tryDial(t)
	require.NoError(t, err)
	return nc
}

// tryDial is dial for when the server may have stopped.
func (s *Server) tryDial(t *testing.T) (net.Conn, error) {
	dial := s.dialer
	if dial == nil {
		dial = func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }
	}
	nc, err := dial(s.Addr)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { nc.Close() })
	if s.TLS == nil {
		return nc, nil
	}
	secure := tls.Client(nc, s.TLS)
	return secure, secure.HandshakeContext(t.Context())
}
