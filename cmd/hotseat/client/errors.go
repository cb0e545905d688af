package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Exit codes of the program.
const (
	ExitOK = iota
	ExitFailed
	ExitUsage
	ExitNotFound
	ExitUnreachable
	ExitRefused
)

// ErrNoKey: the route needs an admin key and none is known.
var ErrNoKey = errors.New("no admin key: set HOTSEAT_ADMIN_KEY or HOTSEAT_ADMIN_KEY_FILE, or run this where the server's data folder is")

// Problem is an answer of RFC 9457 problem details.
type Problem struct {
	Status      int             `json:"status"`
	Code        string          `json:"code"`
	Title       string          `json:"title"`
	Detail      string          `json:"detail"`
	RequestID   string          `json:"request_id"`
	Termination json.RawMessage `json:"termination"` // of session_terminated: the notice
	Active      []Session       `json:"active"`      // of session_active: who holds the seats

	RetryAfter time.Duration `json:"-"`
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return fmt.Sprintf("%s (%s, %d)", text, p.Code, p.Status)
}

// Unreachable: the server did not answer; what was asked may still have been done.
type Unreachable struct {
	Server string
	Err    error
}

func (e *Unreachable) Error() string {
	return fmt.Sprintf("cannot reach %s: %v: is `hotseat serve` running? use --server", e.Server, e.Err)
}

// Unwrap gives the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// Stranger is an answer that no Hotseat gives: another program, or a proxy in front of one.
type Stranger struct {
	Server, Status, ContentType string
	Code                        int // HTTP status
}

func (e *Stranger) Error() string {
	return fmt.Sprintf("%s answered %s with %q, not as a Hotseat does: check --server", e.Server, e.Status, e.ContentType)
}

// Refused: the server closed a socket with a code that forbids coming back.
type Refused struct {
	Code    int // a close code of the contract
	Message string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("the server refused the socket: %s (%d)", e.Message, e.Code)
}

// ExitCode is the program's exit code for an error of this package.
func ExitCode(err error) int {
	var (
		problem     *Problem
		unreachable *Unreachable
		refused     *Refused
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &unreachable):
		return ExitUnreachable
	case errors.As(err, &refused), errors.Is(err, ErrNoKey):
		return ExitRefused
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound:
		return ExitNotFound
	case errors.As(err, &problem) && problem.Status < 500:
		return ExitRefused
	}
	return ExitFailed
}

// unreachable drops what net/http puts around a cause, and leaves the caller's own end as it is.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var dial *net.OpError
	if errors.As(err, &dial) {
		err = dial.Err // the address is said already
	}
	return &Unreachable{Server: c.Server(), Err: err}
}

func (c *Client) problem(resp *http.Response, text []byte) error {
	p := &Problem{}
	if err := json.Unmarshal(text, p); err != nil || p.Code == "" {
		return c.stranger(resp)
	}
	p.Status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}

func (c *Client) stranger(resp *http.Response) error {
	return &Stranger{Server: c.Server(), Status: resp.Status, ContentType: resp.Header.Get("Content-Type"), Code: resp.StatusCode}
}
