package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/hotseat-hub/hotseat/bench/program"
)

// caller is one keep-alive connection of a backend. It writes and reads HTTP/1.1 by hand, because
// it shares two cores with what it measures. One goroutine at a time.
type caller struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	body    []byte
}

// seat is what a caller needs of a login's reply.
type seat struct {
	AccessToken string `json:"access_token"`
	Session     struct {
		TerminalID string `json:"terminal_id"`
	} `json:"session"`
}

func dial(address string) (*caller, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}, nil
}

// login is one trusted login.
func (c *caller) login(employee, terminal string) (seat, error) {
	c.body = fmt.Appendf(c.body[:0], `{"employee_id":%q,"terminal_id":%q,"device_name":"Till"}`, employee, terminal)
	c.request = fmt.Appendf(c.request[:0], "POST /v1/sessions HTTP/1.1\r\nHost: hotseat\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", program.ServiceKey, len(c.body), c.body)
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return seat{}, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return seat{}, err
	}
	status, body, err := c.reply()
	if err != nil {
		return seat{}, err
	}
	if status != 200 {
		return seat{}, fmt.Errorf("login of %s: %d %s", employee, status, body)
	}
	var s seat
	return s, json.Unmarshal(body, &s)
}

func (c *caller) reply() (status int, body []byte, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	status, _ = strconv.Atoi(string(line[9:12]))
	length := -1
	for {
		line, err = c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if length < 0 {
		return 0, nil, errors.New("a reply without Content-Length")
	}
	body = make([]byte, length)
	_, err = io.ReadFull(c.in, body)
	return status, body, err
}
