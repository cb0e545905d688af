package e2e

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// coder are tabs of github.com/coder/websocket, a goroutine each, which send the token in the
// Authorization header.
type coder struct {
	ctx   context.Context
	all   sync.WaitGroup
	mu    sync.Mutex // guards conns
	conns map[*tab]*websocket.Conn
}

func newCoder(t *testing.T) clients {
	ctx, stop := context.WithCancel(context.Background())
	c := &coder{ctx: ctx, conns: map[*tab]*websocket.Conn{}}
	t.Cleanup(func() { stop(); c.all.Wait() })
	return c
}

func (c *coder) open(s *server, l login) *tab {
	b := newTab(l)
	url := "ws://" + s.listen + "/ws/session/" + l.Session.TerminalID + "/"
	c.all.Go(func() {
		for c.visit(url, b) {
			select {
			case <-c.ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return b
}

// visit is one connection from its handshake to its end; it reports whether to come back.
func (c *coder) visit(url string, b *tab) bool {
	conn, _, err := websocket.Dial(c.ctx, url, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + b.login.AccessToken}},
	})
	if err != nil {
		return c.ctx.Err() == nil
	}
	defer conn.CloseNow()
	c.set(b, conn)
	b.opened(time.Now())
	for {
		_, text, err := conn.Read(c.ctx)
		if err != nil {
			code := 1006
			var end websocket.CloseError
			if errors.As(err, &end) {
				code = int(end.Code)
			}
			b.closed(code)
			return !slices.Contains(terminal, code)
		}
		if n := b.received(text, time.Now()); n.Type == "session_terminated" && n.Seq != nil {
			_ = conn.Write(c.ctx, websocket.MessageText, []byte(`{"type":"ack","seq":1}`))
		}
	}
}

func (c *coder) set(b *tab, conn *websocket.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[b] = conn
}

func (c *coder) ping(b *tab) {
	c.mu.Lock()
	conn := c.conns[b]
	c.mu.Unlock()
	_ = conn.Write(c.ctx, websocket.MessageText, []byte(`{"type":"ping"}`))
}
