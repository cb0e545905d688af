package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// A tab is one WebSocket of one session, read by a goroutine of its own until the server closes
// it. It speaks just enough of RFC 6455 to be told.
type tab struct {
	conn net.Conn
	in   *bufio.Reader
	told chan time.Time // receives once, when session_terminated was read; closed at the end
}

// The opcodes that a tab meets.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// sit opens the session's socket and waits until the server says that it is established.
func sit(address string, s seat) (*tab, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	t := &tab{conn: conn, in: bufio.NewReaderSize(conn, 1<<10), told: make(chan time.Time, 1)}
	if err := t.handshake(s); err != nil {
		conn.Close()
		return nil, err
	}
	go t.read()
	return t, nil
}

func (t *tab) handshake(s seat) error {
	if err := t.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.conn, "GET /ws/session/%s/ HTTP/1.1\r\nHost: hotseat\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n",
		s.Session.TerminalID, s.AccessToken)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		line, err := t.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 101 ")) {
			return fmt.Errorf("handshake: %q", line)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	op, text, err := t.frame()
	if err != nil {
		return err
	}
	if op != opText || !bytes.Contains(text, []byte("session_established")) {
		return fmt.Errorf("instead of session_established: %d %q", op, text)
	}
	return t.conn.SetDeadline(time.Time{})
}

// read lives until the connection ends.
func (t *tab) read() {
	defer close(t.told)
	defer t.conn.Close()
	for {
		op, text, err := t.frame()
		now := time.Now()
		switch {
		case err != nil:
			return
		case op == opText && bytes.Contains(text, []byte(`"session_terminated"`)):
			t.told <- now
			t.write(opText, []byte(`{"type":"ack","seq":1}`))
		case op == opPing:
			t.write(opPong, text)
		case op == opClose:
			t.write(opClose, text)
			return
		}
	}
}

func (t *tab) frame() (op byte, payload []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(t.in, head[:2]); err != nil {
		return 0, nil, err
	}
	size := int(head[1])
	switch {
	case size == 126:
		if _, err := io.ReadFull(t.in, head[2:]); err != nil {
			return 0, nil, err
		}
		size = int(binary.BigEndian.Uint16(head[2:]))
	case size > 126:
		return 0, nil, errors.New("a frame that is masked or larger than any message of the contract")
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(t.in, payload)
	return head[0] & 0xF, payload, err
}

// write sends a short masked frame; the mask is zero, which leaves the payload as it is. An error
// shows at the next read.
func (t *tab) write(op byte, payload []byte) {
	frame := append([]byte{0x80 | op, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
	_, _ = t.conn.Write(frame)
}
