package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Watch holds the socket of one terminal open and tells what arrives, until the session ends. The
// sockets are coder/websocket's: another implementation than the server's, so that the two do not
// share a misreading of the standard.
type Watch struct {
	Client *Client
	// Token gives the access token before every connection; expired says that the last one was
	// refused for its age. An error that is not an *Unreachable or a 5xx ends the watch.
	Token func(ctx context.Context, expired bool) (string, error)
	// Message is called with everything the server says but pongs, in order.
	Message func(Message)
	// Waiting is called before a pause, with the reason for it.
	Waiting func(why string, pause time.Duration)

	// Base and Longest bound the pauses; zero: 500 ms and 30 s.
	Base, Longest time.Duration

	pauses  backoff
	expired bool
	pong    time.Duration // how long a pong may take; zero: pongTimeout
}

const (
	dialTimeout = 10 * time.Second
	pongTimeout = 5 * time.Second
	// closeTimeout bounds the wait for the Close that follows a termination: the server sends it on
	// the ack, or 500 ms later without one.
	closeTimeout = 2 * time.Second
)

// outcome is what one connection came to. With end the watch is over, with err or without.
type outcome struct {
	end   bool
	err   error
	why   string
	pause time.Duration
}

// Run returns nil once the session has ended, *Refused when its token will never do, and the cause
// of ctx when that ended first.
func (w *Watch) Run(ctx context.Context) error {
	w.pauses = backoff{base: w.Base, longest: w.Longest}
	if w.Base == 0 {
		w.pauses.base = 500 * time.Millisecond
	}
	if w.Longest == 0 {
		w.pauses.longest = 30 * time.Second
	}
	for {
		o := w.once(ctx)
		if o.end {
			return o.err
		}
		if ctx.Err() == nil && w.Waiting != nil {
			w.Waiting(o.why, o.pause)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(o.pause):
		}
	}
}

func (w *Watch) once(ctx context.Context) outcome {
	token, err := w.Token(ctx, w.expired)
	if err != nil {
		return w.failed(err)
	}
	w.expired = false
	terminal, err := TerminalOf(token)
	if err != nil {
		return outcome{end: true, err: err}
	}
	conn, resp, err := w.dial(ctx, token, terminal)
	if err != nil {
		return w.failed(w.Client.handshake(ctx, token, resp, err))
	}
	defer conn.CloseNow()
	return w.hold(ctx, conn)
}

func (w *Watch) dial(ctx context.Context, token, terminal string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	u := w.Client.base.JoinPath("ws", "session", url.PathEscape(terminal)+"/")
	return websocket.Dial(ctx, u.String(), &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: w.Client.http.Transport, CheckRedirect: stay},
		HTTPHeader:   http.Header{"Authorization": {"Bearer " + token}, "User-Agent": {"hotseat-cli"}},
		Subprotocols: []string{"hotseat.v1"},
	})
}

// failed judges an error from before there was a socket. Only what the server surely said about
// this token or session ends the watch; anything else may pass.
func (w *Watch) failed(err error) outcome {
	var p *Problem
	var away *Unreachable
	var stranger *Stranger
	switch {
	case errors.As(err, &p) && p.Code == "session_terminated":
		w.tellTermination(p)
		return outcome{end: true}
	case errors.As(err, &p) && p.Code == "token_expired" && !w.expired:
		w.expired = true
		return outcome{why: "access token expired", pause: w.pauses.next()}
	case errors.As(err, &p) && (p.Status >= 500 || p.Status == http.StatusTooManyRequests):
		return outcome{why: p.Error(), pause: p.RetryAfter + w.pauses.next()}
	case errors.As(err, &stranger) && stranger.Code >= 500:
		return outcome{why: stranger.Error(), pause: w.pauses.next()}
	case errors.As(err, &away):
		return outcome{why: fmt.Sprintf("cannot reach %s: %v", away.Server, away.Err), pause: w.pauses.next()}
	}
	return outcome{end: true, err: err}
}

// tellTermination passes on the notice inside a 401 as if a socket had brought it.
func (w *Watch) tellTermination(p *Problem) {
	m := Message{Type: "session_terminated", Text: p.Error()}
	if json.Unmarshal(p.Termination, &m) == nil {
		m.keep(p.Termination)
	}
	w.Message(m)
}

// handshake turns a failed one into the errors of any other call. Of a refusal only the first
// kilobyte is known here; when that is too little, the session's own route says the same in full.
func (c *Client) handshake(ctx context.Context, token string, resp *http.Response, err error) error {
	if resp == nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("no answer to the handshake")
		}
		return c.unreachable(ctx, rootCause(err))
	}
	text, _ := io.ReadAll(resp.Body) // in memory already
	err = c.problem(resp, text)
	var stranger *Stranger
	if resp.StatusCode == http.StatusUnauthorized && errors.As(err, &stranger) {
		if _, full := c.Session(ctx, token); full != nil {
			return full
		}
	}
	return err
}

// rootCause drops the layers that websocket.Dial and net/http put around a network's error.
func rootCause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// TerminalOf reads the terminal from an access token, unverified: the server is who verifies.
func TerminalOf(token string) (string, error) {
	var claims struct {
		Terminal string `json:"terminal_id"`
	}
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(payload, &claims) // what it does not hold stays empty
		}
	}
	if claims.Terminal == "" {
		return "", fmt.Errorf("this is not an access token: `hotseat login EMPLOYEE --save-token FILE` writes one")
	}
	return claims.Terminal, nil
}
