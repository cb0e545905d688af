package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// onceTab is a tab that comes back when the server has asked it to, and takes it for a failure when
// that does not succeed at the first attempt.
type onceTab struct {
	login  login
	early  bool // leaves when it hears of the drain, instead of waiting to be closed
	quit   context.CancelFunc
	all    sync.WaitGroup
	opens  int   // after stop
	failed error // after stop
}

func openOnce(t *testing.T, f *front, l login, early bool) *onceTab {
	ctx, quit := context.WithCancel(t.Context())
	b := &onceTab{login: l, early: early, quit: quit}
	b.all.Go(func() {
		for ctx.Err() == nil && b.failed == nil {
			b.failed = b.visit(ctx, t, f)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func (b *onceTab) stop() {
	b.quit()
	b.all.Wait()
}

// visit is one connection. Nil: the server has drained, or the test is over.
func (b *onceTab) visit(ctx context.Context, t *testing.T, f *front) error {
	conn, err := dial(t, f, b.login)
	if err != nil {
		return fmt.Errorf("came back %d times, then: %w", b.opens, err)
	}
	defer conn.CloseNow()
	b.opens++
	for {
		_, text, err := conn.Read(ctx)
		var end websocket.CloseError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &end) && end.Code == websocket.StatusServiceRestart:
			return nil
		case err != nil:
			return fmt.Errorf("closed: %w", err)
		}
		var said struct {
			Type  string `json:"type"`
			After *int   `json:"reconnect_after_ms"`
		}
		if err := json.Unmarshal(text, &said); err != nil {
			return fmt.Errorf("said %q: %w", text, err)
		}
		switch {
		case said.Type == "server_draining" && said.After != nil && b.early:
			wait(ctx, time.Duration(*said.After)*time.Millisecond)
			return nil
		case said.Type != "session_established" && said.Type != "server_draining":
			return fmt.Errorf("said %s", text)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// line is one open socket whose messages a test reads one by one.
type line struct{ conn *websocket.Conn }

// openWith opens a socket through the front, with a query and headers.
func openWith(t *testing.T, f *front, terminal, query string, header http.Header) line {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "wss://"+seatHost+"/ws/session/"+terminal+"/"+query,
		&websocket.DialOptions{HTTPClient: f.http(), HTTPHeader: header})
	require.NoError(t, err)
	t.Cleanup(func() { conn.CloseNow() })
	return line{conn}
}

func (l line) next(t *testing.T) (n notice) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	_, text, err := l.conn.Read(ctx)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &n))
	return n
}
