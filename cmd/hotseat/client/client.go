package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options of New.
type Options struct {
	// Server is the base URL, such as http://127.0.0.1:8080.
	Server string
	// Keys are admin (or service) keys. One that the server does not know is followed by the next,
	// so that the keys of several data folders may be tried.
	Keys []string
	// HTTP is used for requests and sockets; nil: one with a timeout just above the server's own.
	HTTP *http.Client
}

// Client asks one server. Any goroutine may call its methods.
type Client struct {
	base *url.URL
	keys []string
	http *http.Client
}

// New checks the server's address; it does not connect.
func New(o Options) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(o.Server, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("%q is not a server's URL such as http://127.0.0.1:8080", o.Server)
	}
	c := &Client{base: base, keys: o.Keys, http: o.HTTP}
	if c.http == nil {
		c.http = &http.Client{Timeout: 35 * time.Second, CheckRedirect: stay}
	}
	return c, nil
}

// stay keeps secrets at the server that they were given for.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Server is the address as errors show it.
func (c *Client) Server() string { return c.base.String() }

// maxReply bounds what is read of a reply: the longest list has 500 records.
const maxReply = 4 << 20

// request is one call: body is sent as JSON unless nil, the reply is decoded into reply unless nil.
type request struct {
	method, path  string
	query         url.Values
	authorization string
	body, reply   any
}

// keyed sends r with the first key that the server knows.
func (c *Client) keyed(ctx context.Context, r request) error {
	_, err := c.keyFor(ctx, r)
	return err
}

// keyFor sends r like keyed, and answers the key that the server knew.
func (c *Client) keyFor(ctx context.Context, r request) (string, error) {
	if len(c.keys) == 0 {
		return "", ErrNoKey
	}
	var err error
	for _, key := range c.keys {
		r.authorization = "Bearer " + key
		err = c.send(ctx, r)
		var p *Problem
		if !errors.As(err, &p) || p.Code != "invalid_token" {
			return key, err
		}
	}
	return "", err
}

func (c *Client) send(ctx context.Context, r request) error {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(b)
	}
	u := c.base.JoinPath(r.path) // #nosec G125 -- ids in paths are escaped by routes.go
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	req.Header.Set("User-Agent", "hotseat-cli")
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.authorization != "" {
		req.Header.Set("Authorization", r.authorization)
	}
	return c.exchange(ctx, c.http, req, r.reply)
}

// stream sends r, whose body is lines of JSON, for as long as it takes.
func (c *Client) stream(ctx context.Context, r request) error {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base.JoinPath(r.path).String(), r.body.(io.Reader)) // #nosec G125 -- ids in paths are escaped by routes.go
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	req.Header.Set("User-Agent", "hotseat-cli")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Authorization", r.authorization)
	return c.exchange(ctx, &http.Client{Transport: c.http.Transport, CheckRedirect: stay}, req, r.reply)
}

func (c *Client) exchange(ctx context.Context, with *http.Client, req *http.Request, reply any) error {
	resp, err := with.Do(req)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return c.unreachable(ctx, err)
	}
	return c.take(resp, text, reply)
}

// take decodes an answer: the reply, a Problem, or something that no Hotseat says.
func (c *Client) take(resp *http.Response, text []byte, reply any) error {
	if resp.StatusCode >= 300 {
		return c.problem(resp, text)
	}
	if reply == nil {
		return nil
	}
	if err := json.Unmarshal(text, reply); err != nil {
		return c.stranger(resp)
	}
	if r, ok := reply.(interface{ keep([]byte) }); ok {
		r.keep(text)
	}
	return nil
}
