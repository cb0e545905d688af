package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Protocol is the subprotocol, as its specification names it.
const Protocol = "graphql-transport-ws"

// The protocol's close codes, beside those of RFC 6455.
const (
	closeBadRequest   websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401 // an operation before the acknowledgement
	closeForbidden    websocket.StatusCode = 4403
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeDuplicate    websocket.StatusCode = 4409
	closeSecondInit   websocket.StatusCode = 4429
)

const (
	maxMessage = 64 << 10
	// maxOperations of one socket may run at once; a page has one or two.
	maxOperations = 16
)

// Open gives the Backend of the credential in connection_init; empty: what the handshake brought. An
// error refuses the socket.
type Open func(ctx context.Context, authorization string) (Backend, error)

// IsUpgrade reports whether a request wants to become a WebSocket.
func IsUpgrade(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// Socket serves one WebSocket until its end. Whoever calls it has judged the Origin before.
func (s *Server) Socket(w http.ResponseWriter, r *http.Request, open Open) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{Protocol}, InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // it has been answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	if conn.Subprotocol() != Protocol {
		_ = conn.Close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	select {
	case s.sockets <- struct{}{}:
		defer func() { <-s.sockets }()
	default:
		_ = conn.Close(websocket.StatusTryAgainLater, "too many sockets; come back")
		return
	}
	// The request's context ends with the handler; its deadlines are not a socket's.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	t := &talk{server: s, conn: conn, open: open, running: map[string]*operation{}, ready: make(chan struct{})}
	var beside sync.WaitGroup
	beside.Go(func() { t.watch(ctx) })
	t.read(ctx)
	cancel()
	t.operations.Wait()
	beside.Wait()
}

// message is what both sides send.
type message struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// talk is one socket. Its reader is the only one that begins operations.
type talk struct {
	server  *Server
	conn    *websocket.Conn
	open    Open
	backend Backend // since connection_init; the reader's alone
	begun   bool
	ready   chan struct{} // closed when the client was acknowledged

	operations sync.WaitGroup
	mu         sync.Mutex // of what follows
	running    map[string]*operation
}

// watch closes a socket that never begins, that is gone, or that must leave.
func (t *talk) watch(ctx context.Context) {
	begin := time.NewTimer(t.server.o.InitTimeout)
	defer begin.Stop()
	select {
	case <-t.ready:
	case <-begin.C:
		_ = t.conn.Close(closeInitTimeout, "Connection initialisation timeout")
		return
	case <-t.server.o.Stopping:
		_ = t.conn.Close(websocket.StatusServiceRestart, "this node stops; come back")
		return
	case <-ctx.Done():
		return
	}
	every := time.NewTicker(t.server.o.PingEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			patience, cancel := context.WithTimeout(ctx, t.server.o.PingEvery)
			err := t.conn.Ping(patience)
			cancel()
			if err != nil {
				_ = t.conn.CloseNow()
				return
			}
		case <-t.server.o.Stopping:
			_ = t.conn.Close(websocket.StatusServiceRestart, "this node stops; come back")
			return
		case <-ctx.Done():
			return
		}
	}
}

// refusal ends a socket by a code of the protocol.
type refusal struct {
	code   websocket.StatusCode
	reason string
}

func (r *refusal) Error() string { return r.reason }

// read takes the client's messages until the socket's end.
func (t *talk) read(ctx context.Context) {
	for {
		kind, text, err := t.conn.Read(ctx)
		if err != nil {
			return
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil {
			err = &refusal{closeBadRequest, "Invalid message received"}
		} else {
			err = t.hear(ctx, &m)
		}
		var bad *refusal
		if errors.As(err, &bad) {
			_ = t.conn.Close(bad.code, bad.reason)
			return
		}
	}
}

func (t *talk) hear(ctx context.Context, m *message) error {
	switch m.Type {
	case "connection_init":
		return t.init(ctx, m.Payload)
	case "ping":
		return t.write(ctx, message{Type: "pong", Payload: m.Payload})
	case "pong":
		return nil
	case "subscribe":
		return t.subscribe(ctx, m)
	case "complete":
		t.mu.Lock()
		defer t.mu.Unlock()
		if one := t.running[m.ID]; one != nil {
			one.stop()
			delete(t.running, m.ID) // the id is free at once
		}
		return nil
	}
	return &refusal{closeBadRequest, "Invalid message received"}
}

// init takes the credential. Pages name the member in either case.
func (t *talk) init(ctx context.Context, payload json.RawMessage) error {
	if t.begun {
		return &refusal{closeSecondInit, "Too many initialisation requests"}
	}
	t.begun = true
	var sent struct {
		Authorization string `json:"authorization"` // encoding/json takes “Authorization” too
	}
	if len(payload) > 0 && json.Unmarshal(payload, &sent) != nil {
		return &refusal{closeBadRequest, "Invalid message received"}
	}
	backend, err := t.open(ctx, sent.Authorization)
	if err != nil {
		return &refusal{closeForbidden, "Forbidden"}
	}
	t.backend = backend
	if err := t.write(ctx, message{Type: "connection_ack"}); err != nil {
		return err
	}
	close(t.ready)
	return nil
}

// write is called by many goroutines; the connection takes one message after another.
func (t *talk) write(ctx context.Context, m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, slowReader)
	defer cancel()
	return t.conn.Write(ctx, websocket.MessageText, text)
}
