package e2e

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// npm are tabs of npm's ws, all in one Node process, which send the token as a subprotocol.
type npm struct {
	t     *testing.T
	mu    sync.Mutex // guards all below
	stdin *json.Encoder
	tabs  []*tab
	ids   map[*tab]int
}

func newNPM(t *testing.T) clients {
	node := exec.Command("node", "wsclient/client.js")
	node.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := node.StdinPipe()
	require.NoError(t, err)
	stdout, err := node.StdoutPipe()
	require.NoError(t, err)
	errors := &output{}
	node.Stderr = errors
	require.NoError(t, node.Start(), "install Node 20 and run `make deps`")
	n := &npm{t: t, stdin: json.NewEncoder(stdin), ids: map[*tab]int{}}
	done := make(chan struct{})
	go func() { defer close(done); n.listen(bufio.NewScanner(stdout)) }()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-done
		if err := node.Wait(); err != nil {
			t.Errorf("the Node client ended with %v; run `make deps` if ws is missing:\n%s", err, errors)
		}
	})
	return n
}

func (n *npm) listen(lines *bufio.Scanner) {
	for lines.Scan() {
		var said struct {
			Tab   int
			Event string
			At    float64 // Unix milliseconds
			Text  string
			Code  int
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			n.t.Errorf("the Node client said %q: %v", lines.Text(), err)
			return
		}
		n.mu.Lock()
		b := n.tabs[said.Tab]
		n.mu.Unlock()
		at := time.UnixMicro(int64(said.At * 1000))
		switch said.Event {
		case "opened":
			b.opened(at)
		case "message":
			b.received([]byte(said.Text), at)
		case "closed":
			b.closed(said.Code)
		}
	}
}

func (n *npm) open(s *server, l login) *tab {
	b := newTab(l)
	n.mu.Lock()
	defer n.mu.Unlock()
	id := len(n.tabs)
	n.tabs, n.ids[b] = append(n.tabs, b), id
	n.order(object{
		"do": "open", "tab": id, "token": l.AccessToken,
		"url": "ws://" + s.listen + "/ws/session/" + l.Session.TerminalID + "/",
	})
	return b
}

func (n *npm) ping(b *tab) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.order(object{"do": "send", "tab": n.ids[b], "text": `{"type":"ping"}`})
}

func (n *npm) order(o object) {
	if err := n.stdin.Encode(o); err != nil {
		n.t.Errorf("the Node client takes no orders: %v", err)
	}
}
