package hubtest

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// NoRequestIsSmuggledInByAnother sends requests whose end a proxy and this server could see at different
// places. What lies between must never be answered as a request of its own, and none becomes a socket.
func (s suite) NoRequestIsSmuggledInByAnother(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	inner := handshake("/ws/session/till-1/", "Authorization", "Bearer "+token, "X-Request-Id", "smuggled")
	length := fmt.Sprint(len(inner))
	outer := func(lines string) string {
		return strings.TrimSuffix(handshake("/ws/session/till-1/", "Authorization", "Bearer "+token), "\r\n") + lines + "\r\n\r\n"
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner)
	for name, request := range map[string]string{
		"a length":                           outer("Content-Length: "+length) + inner,
		"a length, folded":                   outer("Content-Length:\r\n "+length) + inner,
		"a length and chunks":                outer("Content-Length: "+length+"\r\nTransfer-Encoding: chunked") + chunk,
		"chunks and a length of nothing":     outer("Content-Length: 0\r\nTransfer-Encoding: chunked") + chunk,
		"chunks":                             outer("Transfer-Encoding: chunked") + chunk,
		"a coding that nobody knows":         outer("Transfer-Encoding: xchunked") + chunk,
		"two codings":                        outer("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity") + chunk,
		"two lengths":                        outer("Content-Length: 0\r\nContent-Length: "+length) + inner,
		"a length with a sign":               outer("Content-Length: +"+length) + inner,
		"a blank before the colon":           outer("Content-Length : "+length) + inner,
		"a blank before the name":            strings.Replace(outer("X: y"), "Host:", " Content-Length: "+length+"\r\nHost:", 1) + inner,
		"two hosts":                          outer("Host: other.example") + inner,
		"a zero in a value":                  outer("X-A: \x00") + inner,
		"a return in a value":                outer("X-A: b\rContent-Length: "+length) + inner,
		"an older version, with a length":    strings.Replace(outer("Content-Length: "+length), "HTTP/1.1", "HTTP/1.0", 1) + inner,
		"another method, with a length":      strings.Replace(outer("Content-Length: "+length), "GET ", "POST ", 1) + inner,
		"an absolute target, with a length":  strings.Replace(outer("Content-Length: "+length), "GET ", "GET http://other.example", 1) + inner,
		"line feeds alone, and a length":     strings.ReplaceAll(outer("Content-Length: "+length), "\r\n", "\n") + inner,
		"a body that waits to be asked for":  outer("Expect: 100-continue\r\nContent-Length: "+length) + inner,
		"a trailer that is a length":         outer("Transfer-Encoding: chunked\r\nTrailer: Content-Length") + "0\r\nContent-Length: " + length + "\r\n\r\n",
		"a line that begins with its colon":  outer(": x\r\nContent-Length: "+length) + inner,
		"a length in a list":                 outer("Content-Length: "+length+", "+length) + inner,
		"an upgrade that is not finished":    outer("Content-Length: "+length+"\r\nConnection: keep-alive") + inner,
		"a target with a blank and an inner": "GET /ws/session/till-1/ HTTP/1.1\r\nX: " + strings.ReplaceAll(outer("Content-Length: "+length), "GET /ws", "GET /ws /ws") + inner,
	} {
		c := server.dial(t)
		c.SetDeadline(time.Now().Add(patience))
		_, err := io.WriteString(c, request+"GET /ws/session/ HTTP/1.1\r\nHost: hub.example\r\nConnection: close\r\nX-Request-Id: honest\r\n\r\n")
		require.NoError(t, err, name)
		answer, _ := io.ReadAll(c) // a reset after the answer is the server's way to end what it did not read
		require.NotEmpty(t, answer, name)
		require.NotContains(t, string(answer), "smuggled", name)
		require.NotContains(t, string(answer), "HTTP/1.1 101", name)
	}
}

// WhatFollowsAnUpgradeIsNoRequest pipelines a request behind one that becomes a socket.
func (s suite) WhatFollowsAnUpgradeIsNoRequest(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	upgrade := handshake("/ws/session/till-1/", "Authorization", "Bearer "+token)
	c := server.say(t, upgrade+strings.Replace(upgrade, "\r\n\r\n", "\r\nX-Request-Id: smuggled\r\n\r\n", 1))
	require.Equal(t, 101, c.resp.StatusCode)
	rest, _ := io.ReadAll(c.in)
	require.NotContains(t, string(rest), "HTTP/1.1")
	require.NotContains(t, string(rest), "smuggled")
	require.Contains(t, string(rest), "\x03\xea", "1002: it was read as frames")
}
