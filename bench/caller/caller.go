package caller

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Patience is the least time that a call waits for an answer, twice that the most: a server's own limit
// is 30 s.
const Patience = 35 * time.Second

// maxBody bounds a reply; none that is asked for here is longer.
const maxBody = 1 << 20

// Caller is one connection. One goroutine at a time.
type Caller struct {
	Target *Target

	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte

	renew time.Time // when the deadline is moved next
}

// New does not connect; the first call does.
func New(t *Target) *Caller { return &Caller{Target: t} }

// Reply is an answer. Its Body is good until the next call.
type Reply struct {
	Status    int
	Body      []byte
	Staleness time.Duration // of a local check
	Node      string        // who answered, when it says
}

// Do sends one request and reads the answer. The end of ctx ends the call.
func (c *Caller) Do(ctx context.Context, method, path, authorization string, body []byte) (Reply, error) {
	if err := context.Cause(ctx); err != nil {
		return Reply{}, err
	}
	if c.conn == nil {
		if err := c.connect(ctx); err != nil {
			return Reply{}, &Unreachable{Server: c.Target.URL, Err: err}
		}
	}
	conn := c.conn
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	reply, keep, err := c.exchange(method, path, authorization, body)
	if ended := !release(); err != nil || !keep || ended {
		c.Close()
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return Reply{}, cause
		}
		return Reply{}, &Unreachable{Server: c.Target.URL, Err: err, Sent: true}
	}
	return reply, nil
}

func (c *Caller) connect(ctx context.Context) error {
	conn, err := c.Target.dial(ctx, Patience)
	if err != nil {
		return err
	}
	c.renew = time.Time{}
	c.conn, c.in = conn, bufio.NewReaderSize(conn, 8<<10)
	return nil
}

// Close ends the connection; the next call makes another.
func (c *Caller) Close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *Caller) exchange(method, path, authorization string, body []byte) (r Reply, keep bool, err error) {
	c.beforeLate()
	c.out = fmt.Appendf(c.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, c.Target.Host)
	if authorization != "" {
		c.out = fmt.Appendf(c.out, "Authorization: Bearer %s\r\n", authorization)
	}
	if body != nil {
		c.out = fmt.Appendf(c.out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	c.out = append(append(c.out, "\r\n"...), body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return r, false, err
	}
	return c.read()
}

// beforeLate moves the deadline of the connection now and then, not for each call: it is for servers
// that are silent for ever, and a call that ends with its ctx sets its own.
func (c *Caller) beforeLate() {
	if now := time.Now(); now.After(c.renew) {
		_ = c.conn.SetDeadline(now.Add(2 * Patience)) // a broken connection says so at the read
		c.renew = now.Add(Patience)
	}
}

// read takes a reply as servers and proxies write it: with a length, in chunks, or without a body.
func (c *Caller) read() (r Reply, keep bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return r, false, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return r, false, fmt.Errorf("%q is not HTTP", line)
	}
	r.Status, _ = strconv.Atoi(string(line[9:12])) // what is no number is no status either
	keep = true
	length, chunked := int64(-1), false
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return r, false, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, _ = strconv.ParseInt(string(value), 10, 64)
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
			keep = false
		case bytes.EqualFold(name, []byte("X-Hotseat-Staleness-Ms")):
			ms, _ := strconv.ParseInt(string(value), 10, 64)
			r.Staleness = time.Duration(ms) * time.Millisecond
		}
	}
	r.Body, err = c.readBody(length, chunked, r.Status)
	return r, keep, err
}

func (c *Caller) readBody(length int64, chunked bool, status int) ([]byte, error) {
	switch {
	case status == 204 || status == 304:
		return nil, nil
	case chunked:
		return io.ReadAll(io.LimitReader(httputil.NewChunkedReader(c.in), maxBody))
	case length < 0 || length > maxBody:
		return nil, errors.New("a reply without length, or too long")
	}
	if int64(cap(c.body)) < length {
		c.body = make([]byte, length)
	}
	_, err := io.ReadFull(c.in, c.body[:length])
	return c.body[:length], err
}

// Unreachable: there was no answer; when the request was sent, what it asked for may have been done.
type Unreachable struct {
	Server string
	Err    error
	Sent   bool
}

func (e *Unreachable) Error() string {
	if e.Sent {
		return fmt.Sprintf("%s did not answer: %v", e.Server, e.Err)
	}
	return fmt.Sprintf("cannot reach %s: %v: is `hotseat serve` running there? use --target", e.Server, rootCause(e.Err))
}

// Unwrap gives the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// rootCause drops the address, which is said already.
func rootCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Refused is an answer other than the one hoped for.
type Refused struct {
	Server, What string
	Status       int
	Code, Detail string // of the problem
}

func (e *Refused) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s by %s: %d, not as a Hotseat answers: check --target", e.What, e.Server, e.Status)
	}
	return fmt.Sprintf("%s by %s: %s (%s, %d)", e.What, e.Server, e.Detail, e.Code, e.Status)
}

// Kind names an error for a count: few kinds, however many errors.
func Kind(err error) string {
	var refused *Refused
	var unreachable *Unreachable
	switch {
	case errors.As(err, &refused) && refused.Code != "":
		return fmt.Sprintf("%s: %d %s", refused.What, refused.Status, refused.Code)
	case errors.As(err, &refused):
		return fmt.Sprintf("%s: %d", refused.What, refused.Status)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &unreachable):
		return "connection lost"
	}
	return err.Error()
}
