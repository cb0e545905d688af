package e2e

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// notice is a message of the server on a socket, and `termination` in a 401.
type notice struct {
	Type       string    `json:"type"`
	Message    string    `json:"message"`
	Reason     string    `json:"reason"`
	SessionID  string    `json:"session_id"`
	TerminalID string    `json:"terminal_id"`
	Epoch      int       `json:"epoch"`
	Seq        *int      `json:"seq"`
	Test       bool      `json:"test"`
	Timestamp  time.Time `json:"timestamp"`
	By         *struct {
		TerminalID string `json:"terminal_id"`
		DeviceName string `json:"device_name"`
	} `json:"by"`
}

// terminal are the close codes after which a client never comes back.
var terminal = []int{1000, 4510, 4511, 4512, 4513, 4514, 4515, 4520, 4521, 4522}

// tab is what one window of one employee lived through. A client of either kind reports to it;
// any goroutine may ask it.
type tab struct {
	login  login
	mu     sync.Mutex
	moved  chan struct{} // closed and renewed at every report
	opens  []time.Time
	told   []time.Time // session_terminated received
	last   notice      // the last of them
	pongs  int
	closes []int
	isOpen bool
	other  []string // types of other messages
}

func newTab(l login) *tab { return &tab{login: l, moved: make(chan struct{})} }

func (b *tab) report(note func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note()
	close(b.moved)
	b.moved = make(chan struct{})
}

func (b *tab) opened(at time.Time) {
	b.report(func() { b.opens, b.isOpen = append(b.opens, at), true })
}

func (b *tab) closed(code int) {
	b.report(func() { b.closes, b.isOpen = append(b.closes, code), false })
}

func (b *tab) received(text []byte, at time.Time) (n notice) {
	err := json.Unmarshal(text, &n)
	b.report(func() {
		switch {
		case err != nil:
			b.other = append(b.other, "not JSON: "+string(text))
		case n.Type == "session_terminated":
			b.told, b.last = append(b.told, at), n
		case n.Type == "pong":
			b.pongs++
		default:
			b.other = append(b.other, n.Type)
		}
	})
	return n
}

// await waits until want holds, which is asked under the tab's lock after every report.
func (b *tab) await(t *testing.T, what string, want func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		b.mu.Lock()
		holds, moved := want(), b.moved
		b.mu.Unlock()
		if holds {
			return
		}
		select {
		case <-moved:
		case <-late:
			b.mu.Lock()
			defer b.mu.Unlock()
			require.Fail(t, "waited in vain: "+what, "session %s of %s: open %t, %d opens, told %d times, closes %v, other messages %v",
				b.login.Session.SessionID, b.login.Session.EmployeeID, b.isOpen, len(b.opens), len(b.told), b.closes, b.other)
		}
	}
}

// established waits until the server has said that the session sits here.
func (b *tab) established(t *testing.T) *tab {
	t.Helper()
	b.await(t, "session_established", func() bool { return slices.Contains(b.other, "session_established") })
	return b
}

// toldAndClosed waits for the termination and the close that follows it.
func (b *tab) toldAndClosed(t *testing.T) notice {
	t.Helper()
	b.await(t, "session_terminated and its close", func() bool { return len(b.told) > 0 && !b.isOpen && len(b.closes) > 0 })
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// toldForGood waits for the termination and a close after which the client stays away: a process that
// is killed after the first half leaves the tab to come back for the second.
func (b *tab) toldForGood(t *testing.T) notice {
	t.Helper()
	b.await(t, "session_terminated and a terminal close", func() bool {
		return len(b.told) > 0 && !b.isOpen && len(b.closes) > 0 && slices.Contains(terminal, b.closes[len(b.closes)-1])
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

func (b *tab) state() (open bool, told int, closes []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isOpen, len(b.told), slices.Clone(b.closes)
}

// unaware is how long the tab's last socket was open, and its session ended, before it was told.
func (b *tab) unaware() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := b.opens[len(b.opens)-1]
	if b.last.Timestamp.After(from) {
		from = b.last.Timestamp
	}
	return b.told[len(b.told)-1].Sub(from)
}

// clients open tabs; both kinds were written by others.
type clients interface {
	// open connects with the session's token and, unless told to stay away by a terminal close
	// code, comes back 50 ms after every end.
	open(s *server, l login) *tab
	// ping asks every open tab for a pong.
	ping(b *tab)
}
