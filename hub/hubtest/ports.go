package hubtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// ports has the cases of a port that sockets and net/http share.
type ports struct{}

// RunPort runs every case over a Port.
func RunPort(t *testing.T) {
	s := reflect.ValueOf(ports{})
	for i := range s.NumMethod() {
		run := s.Method(i).Interface().(func(*testing.T))
		t.Run(s.Type().Method(i).Name, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}

// routes is a handler beside the hub that echoes bodies.
func routes(t *testing.T, o hub.Options) *Server {
	return Start(t, sharedWith(func(h *hub.Hub) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/ws/session/", h)
		mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Write(body)
		})
		return mux
	}), o)
}

// sharedWith is Shared with more than the hub behind it.
func sharedWith(handler func(*hub.Hub) http.Handler) Listener {
	l := Shared
	l.handler = handler
	return l
}

func post(body string) string {
	return fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: hub.example\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// answered reads one response that echoes body.
func (c *raw) answered(body string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(c.t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.True(c.t, body == string(got), "got %d bytes", len(got))
}

func (s *Server) open(t *testing.T) *raw {
	c := &raw{t: t, net: s.dial(t)}
	c.net.SetDeadline(time.Now().Add(patience))
	c.in = bufio.NewReader(c.net)
	return c
}

// As behind a proxy that keeps its connections: requests one after the other, and then a socket.
func (ports) ASocketMayBeALaterRequestOfItsConnection(t *testing.T) {
	server := routes(t, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	upgrade := handshake("/ws/session/till-1/", "Authorization", "Bearer "+token)
	long := strings.Repeat("x", 20_000)
	for name, pieces := range map[string][]string{
		"each on its own":      {post("one"), post(long), upgrade, string(text(`{"type":"ping"}`))},
		"all at once":          {post("one") + post(long) + upgrade + string(text(`{"type":"ping"}`))},
		"cut in the upgrade":   {post("one"), post(long) + upgrade[:40], upgrade[40:] + string(text(`{"type":"ping"}`))},
		"the first byte alone": {"P", post("one")[1:] + post(long), upgrade + string(text(`{"type":"ping"}`))},
	} {
		t.Run(name, func(t *testing.T) {
			c := server.open(t)
			go func() {
				for _, piece := range pieces {
					io.WriteString(c.net, piece)
				}
			}()
			c.answered("one")
			c.answered(long)
			resp, err := http.ReadResponse(c.in, nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
			said := string(c.frame().Payload) + string(c.frame().Payload) // the owner may take longer than a pong
			require.Contains(t, said, `"session_established"`)
			require.Contains(t, said, `"pong"`)
		})
	}
}

func (ports) AHandshakeMayComeInPieces(t *testing.T) {
	server := routes(t, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.open(t)
	for _, b := range []byte(handshake("/ws/session/till-1/", "Authorization", "Bearer "+token)) {
		c.write([]byte{b})
	}
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	c.expect("session_established")
}

// Nobody holds a descriptor for as long as they like by sending a request slowly, or none.
func (ports) ASlowHandshakeIsTurnedAway(t *testing.T) {
	server := routes(t, hub.Options{AuthTimeout: 100 * time.Millisecond})
	for name, begin := range map[string]string{
		"nothing": "", "part of the first word": "GE", "all but the end": strings.TrimSuffix(handshake("/ws/session/till-1/"), "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c := server.open(t)
			io.WriteString(c.net, begin)
			stop := make(chan struct{})
			var trickle sync.WaitGroup
			if begin != "" && !strings.HasPrefix("GET", begin) {
				trickle.Go(func() { // a header that never ends
					for {
						select {
						case <-stop:
							return
						case <-time.After(10 * time.Millisecond):
							io.WriteString(c.net, "x")
						}
					}
				})
			}
			_, err := c.in.ReadByte()
			close(stop)
			trickle.Wait()
			require.Error(t, err)
			var timeout net.Error
			require.False(t, asTimeout(err, &timeout), "it was left open")
		})
	}
}

func asTimeout(err error, as *net.Error) bool {
	timeout, ok := err.(net.Error)
	*as = timeout
	return ok && timeout.Timeout()
}

// A request that is too long, or that only looks like one for a socket, gets net/http's answer.
func (ports) OddRequestsGetTheAnswersOfNetHTTP(t *testing.T) {
	server := routes(t, hub.Options{})
	const path = "/ws/session/till-1/"
	for name, odd := range map[string]struct {
		request string
		status  int
	}{
		"a long head":          {handshake(path, "X-Long", strings.Repeat("x", 20_000)), 101},
		"lines ended by LF":    {strings.ReplaceAll(handshake(path), "\r\n", "\n"), 101},
		"an escaped path":      {handshake("/ws/session/till%2D1/"), 101},
		"two hosts":            {strings.Replace(handshake(path), "Host:", "Host: a\r\nHost:", 1), 400},
		"no host":              {handshake(path, "Host", ""), 400},
		"a header without end": {strings.Replace(handshake(path), "Upgrade: ", "Upgrade ", 1), 400},
		"another path of /ws/": {handshake("/ws/other"), 404},
	} {
		t.Run(name, func(t *testing.T) {
			c := server.say(t, odd.request)
			require.Equal(t, odd.status, c.resp.StatusCode)
		})
	}
}

// A peer that ends only its own side is gone, and one that is reset is too.
func (ports) AHalfClosedSocketIsDetached(t *testing.T) {
	server := routes(t, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	for _, leave := range []func(*net.TCPConn){
		func(c *net.TCPConn) { c.CloseWrite() },
		func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
	} {
		c := server.seated(t, "till-1", token)
		server.Floor.AwaitHandles(t, "ada", 1)
		leave(c.net.(*net.TCPConn))
		server.Floor.AwaitHandles(t, "ada", 0)
	}
}

// serveHTTP puts net/http behind a port until the test ends.
func serveHTTP(t *testing.T, port *hub.Port, handler http.Handler, state func(net.Conn, http.ConnState)) {
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = port
	server.Config.ConnState = state
	server.Start()
	t.Cleanup(server.Close)
}
