package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// Both nodes are stopped and started again, one after the other, behind a real HAProxy. Clients that
// never try again see no refusal, tabs come back at their first attempt, and nobody loses a seat.
func TestARollingRestartBehindHAProxyRefusesNothing(t *testing.T) {
	store := pgtest.URL(t)
	args := []string{
		"--drain-delay", "3s", "--drain-duration", "2s", "--trusted-proxies", "127.0.0.1", "--public-url", "https://" + seatHost,
	}
	nodes := map[string]*server{"a": start(t, store, args...), "b": start(t, store, args...)}
	f, stats := haproxy(t, nodes["a"].listen, nodes["b"].listen)
	for name := range nodes {
		awaitState(t, stats, name, "UP")
	}

	var tabs []*onceTab
	for i := range 20 {
		tabs = append(tabs, openOnce(t, f, nodes["a"].mustLogin(fmt.Sprintf("employee-%d", i), "till-1"), i%2 == 0))
	}
	work := newWorkload(t, f, nodes["a"].mustLogin("grace", "till-1"))
	for _, name := range []string{"a", "b"} {
		node := nodes[name]
		require.Equal(t, 0, node.Terminate())
		awaitState(t, stats, name, "DOWN")
		node.Start()
		awaitState(t, stats, name, "UP")
	}
	work.stop()

	require.Empty(t, work.refused, "%d requests", work.requests.Load())
	require.Greater(t, work.requests.Load(), int64(100))
	require.Greater(t, work.handshakes.Load(), int64(20))
	came := 0
	for _, tab := range tabs {
		tab.stop()
		require.NoError(t, tab.failed, "%s", tab.login.Session.EmployeeID)
		came += tab.opens - 1
		require.Equal(t, []seat{tab.login.Session}, nodes["b"].active(tab.login.Session.EmployeeID), "coming back is no takeover")
	}
	require.GreaterOrEqual(t, came, len(tabs), "each was moved at least once")
}

// haproxy runs deploy/haproxy.cfg in front of two nodes; stats is where it shows their state.
func haproxy(t *testing.T, a, b string) (f *front, stats string) {
	f, stats = newFront(t), restartablePort(t)
	config := f.write("haproxy.cfg", f.config("haproxy.cfg",
		"bind :443 ", "bind "+f.address+" ", "/etc/haproxy/", f.folder+"/", "127.0.0.1:8080", a, "127.0.0.1:8081", b,
		"127.0.0.1:8404", stats, "maxconn 200000", "maxconn 2000"))
	f.run([]string{f.address, stats}, "haproxy", "-db", "-f", config)
	return f, stats
}

// awaitState waits until HAProxy sees a node so.
func awaitState(t *testing.T, stats, node, state string) {
	t.Helper()
	require.Eventually(t, func() bool {
		a := receive(client.Get("http://" + stats + "/;csv;norefresh"))
		for line := range strings.Lines(string(a.body)) {
			if strings.HasPrefix(line, "hotseat,"+node+",") {
				return strings.Contains(line, ","+state+",")
			}
		}
		return false
	}, patience, 20*time.Millisecond, "HAProxy does not see %s %s", node, state)
}

// workload is clients that ask all the time and take every answer but success for a failure.
type workload struct {
	t          *testing.T
	f          *front
	login      login
	done       chan struct{}
	all        sync.WaitGroup
	requests   atomic.Int64
	handshakes atomic.Int64
	mu         sync.Mutex
	refused    []string
}

func newWorkload(t *testing.T, f *front, l login) *workload {
	w := &workload{t: t, f: f, login: l, done: make(chan struct{})}
	for i := range 4 {
		w.all.Go(func() { w.repeat(func() { w.askOnOneConnection(i) }) })
	}
	w.all.Go(func() { w.repeat(w.shakeHands) })
	t.Cleanup(w.stop)
	return w
}

func (w *workload) stop() {
	select {
	case <-w.done:
	default:
		close(w.done)
	}
	w.all.Wait()
}

func (w *workload) repeat(do func()) {
	for {
		select {
		case <-w.done:
			return
		default:
			do()
		}
	}
}

func (w *workload) refuse(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
}

// askOnOneConnection sends requests on a kept connection. It is no http.Client, because that tries
// again by itself.
func (w *workload) askOnOneConnection(worker int) {
	nc, err := tls.Dial("tcp", w.f.address, &tls.Config{RootCAs: w.f.trust, ServerName: seatHost})
	if err != nil {
		w.refuse("connect: %v", err)
		return
	}
	defer nc.Close()
	from := bufio.NewReader(nc)
	for i := range 50 {
		request, _ := http.NewRequest("GET", "https://"+seatHost+"/v1/authz?level=strict", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+w.login.AccessToken)
		if i%5 == 4 { // a takeover, as something that must not be sent twice
			body := fmt.Sprintf(`{"employee_id":"worker-%d"}`, worker)
			request, _ = http.NewRequest("POST", "https://"+seatHost+"/v1/sessions", strings.NewReader(body))
			request.Header.Set("Authorization", "Bearer "+serviceKey)
			request.Header.Set("Content-Type", "application/json")
		}
		_ = nc.SetDeadline(time.Now().Add(patience))
		if err := request.Write(nc); err != nil {
			w.refuse("write: %v", err)
			return
		}
		a := receive(http.ReadResponse(from, request))
		w.requests.Add(1)
		switch {
		case a.err != nil:
			w.refuse("%s %s: %v", request.Method, request.URL.Path, a.err)
			return
		case a.status != http.StatusOK:
			w.refuse("%s %s: %d %s", request.Method, request.URL.Path, a.status, a.body)
		}
		select {
		case <-w.done:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// shakeHands opens a socket, hears how the session stands, and leaves.
func (w *workload) shakeHands() {
	conn, err := dial(w.t, w.f, w.login)
	w.handshakes.Add(1)
	if err != nil {
		w.refuse("handshake: %v", err)
		return
	}
	defer conn.CloseNow()
	if _, text, err := conn.Read(w.t.Context()); err != nil || !strings.Contains(string(text), "session_established") {
		w.refuse("socket: %s %v", text, err)
	}
	conn.Close(websocket.StatusNormalClosure, "")
}

// dial opens a socket through the front.
func dial(t *testing.T, f *front, l login) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(t.Context(), "wss://"+seatHost+"/ws/session/"+l.Session.TerminalID+"/", &websocket.DialOptions{
		HTTPClient: f.http(), HTTPHeader: http.Header{"Authorization": {"Bearer " + l.AccessToken}},
	})
	return conn, err
}
