package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/hotseat-hub/hotseat/bench/limits"
)

// replyBytes is as long as the body of a login's reply that ended a session.
const replyBytes = 1192

// switched is the answer to the tab, which waits from then on.
const switched = "HTTP/1.1 101 Switching Protocols\r\n\r\n"

// least is the least program that commits and tells: a bare handler without actors, signatures or
// JSON. A GET becomes the tab that waits, any other request a takeover. One goroutine at a time works.
type least struct {
	mu           sync.Mutex
	reference    *reference
	tab          net.Conn // the latest; nil: none waits
	frame, reply []byte
}

func newLeast(r *reference) *least {
	return &least{reference: r, frame: bytes.Repeat([]byte("f"), limits.FrameBytes), reply: bytes.Repeat([]byte("r"), replyBytes)}
}

// serveLeast serves it on an empty store until in ends.
func serveLeast(ctx context.Context, store string, in io.Reader, out io.Writer) error {
	r, err := newReference(ctx, store)
	if err != nil {
		return err
	}
	defer r.store.Close()
	if err := r.fillLog(ctx); err != nil {
		return err
	}
	return limits.Serve(ctx, newLeast(r), in, out)
}

func (l *least) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Method == http.MethodGet {
		l.seat(w)
		return
	}
	if err := l.takeOver(r); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(l.reply) // who is gone does not read it
}

// seat keeps the connection. What came of it shows at the next takeover.
func (l *least) seat(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if l.tab != nil {
		l.tab.Close()
	}
	l.tab = conn
	_, _ = io.WriteString(conn, switched)
}

// takeOver tells after the commit, before the reply, as the product does.
func (l *least) takeOver(r *http.Request) error {
	if _, err := io.ReadAll(r.Body); err != nil {
		return err
	}
	if l.tab == nil {
		return errors.New("no tab waits")
	}
	if err := l.reference.commit(r.Context()); err != nil {
		return fmt.Errorf("a single commit: %w", err)
	}
	if _, err := l.tab.Write(l.frame); err != nil {
		return fmt.Errorf("tell the tab: %w", err)
	}
	return nil
}
