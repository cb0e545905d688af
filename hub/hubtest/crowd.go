package hubtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// crowdFiles names the variable that makes a test's process the server of OutOfDescriptors, and is
// how many files it may have open.
const crowdFiles = "HOTSEAT_TEST_CROWD_FILES"

// state is what the server says of itself.
type state struct {
	Sockets  int
	NotReady []string
	Paused   float64
}

// OutOfDescriptors runs a server in a process of its own, which calls this function again and may
// open few files, and sends more sockets than it can hold.
func OutOfDescriptors(t *testing.T, limit func(files uint64) error) {
	if os.Getenv(crowdFiles) != "" {
		require.NoError(t, limit(100))
		serveCrowd(t)
		return
	}
	server := startCrowd(t)
	probe := server.open(t) // was there before it got tight, as a balancer's probe is
	require.Empty(t, server.state(probe).NotReady)
	var sockets []*raw
	var waiting *raw
	for i := 0; waiting == nil; i++ {
		require.Less(t, i, 200, "more sockets than files")
		c := server.open(t)
		c.write([]byte(handshake("/ws/session/till-1/", "Authorization", fmt.Sprintf("Bearer %s", server.tokens[i]))))
		if !server.answers(c, probe) {
			waiting = c
			break
		}
		resp, err := http.ReadResponse(c.in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
		c.expect("session_established")
		sockets = append(sockets, c)
	}
	require.Greater(t, len(sockets), 40)
	tight := server.state(probe)
	require.NotEmpty(t, tight.NotReady)
	require.EqualValues(t, 1, tight.Paused)
	require.GreaterOrEqual(t, tight.Sockets, len(sockets))
	for _, c := range sockets { // all live, and hear
		c.write(text(`{"type":"ping"}`))
		c.expect("pong")
	}
	for _, c := range sockets[:20] {
		c.net.Close()
	}
	waiting.net.SetReadDeadline(time.Now().Add(patience))
	waiting.in.Reset(waiting.net)
	resp, err := http.ReadResponse(waiting.in, nil)
	require.NoError(t, err, "who waited was never let in")
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	require.Eventually(t, func() bool {
		s := server.state(probe)
		return len(s.NotReady) == 0 && s.Paused == 0
	}, patience, 10*time.Millisecond)
}

// answers reports whether a socket is answered before the server says that it lets nobody in.
func (s *crowd) answers(c, probe *raw) bool {
	defer c.net.SetReadDeadline(time.Now().Add(patience))
	for late := time.Now().Add(patience); ; {
		paused := s.state(probe).Paused != 0
		c.net.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := c.in.Peek(1)
		if err == nil {
			return true
		}
		require.ErrorIs(c.t, err, os.ErrDeadlineExceeded)
		if paused {
			return false
		}
		require.True(c.t, time.Now().Before(late), "neither let in nor told to wait")
	}
}

// crowd is the other process, seen from outside.
type crowd struct {
	Server
	tokens []string
}

func startCrowd(t *testing.T) *crowd {
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), crowdFiles+"=100")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stdin.Close() // it ends when nobody holds the other end
		io.Copy(io.Discard, stdout)
		cmd.Wait()
	})
	c := &crowd{}
	var said struct {
		Addr   string
		Tokens []string
	}
	require.NoError(t, json.NewDecoder(stdout).Decode(&said))
	c.Addr, c.tokens = said.Addr, said.Tokens
	return c
}

func (c *crowd) state(probe *raw) (s state) {
	io.WriteString(probe.net, "GET /state HTTP/1.1\r\nHost: hub.example\r\n\r\n")
	resp, err := http.ReadResponse(probe.in, nil)
	require.NoError(probe.t, err)
	require.NoError(probe.t, json.NewDecoder(resp.Body).Decode(&s))
	return s
}

// serveCrowd is the server, until its stdin ends.
func serveCrowd(t *testing.T) {
	registry := prometheus.NewRegistry()
	server := Start(t, sharedWith(func(h *hub.Hub) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/ws/session/", h)
		mux.HandleFunc("/state", func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(state{h.Count(), h.NotReady(), gauge(registry, "hotseat_accept_paused")})
		})
		return mux
	}), hub.Options{Registerer: registry})
	var tokens []string
	for i := range 200 {
		token, _ := server.Floor.Login(session.EmployeeID(fmt.Sprint("e", i)), "till-1")
		tokens = append(tokens, token)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"Addr": server.Addr, "Tokens": tokens})
	bufio.NewReader(os.Stdin).ReadByte()
}

func gauge(r *prometheus.Registry, name string) float64 {
	families, _ := r.Gather()
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric[0].GetGauge().GetValue()
		}
	}
	return -1
}
