package hubtest

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

func (s suite) ACredentialComesByHeaderTicketSubprotocolOrFirstMessage(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	ways := map[string]func() *raw{
		"header": func() *raw { return server.connect(t, "till-1", "Authorization", "Bearer "+token) },
		"ticket": func() *raw { return server.say(t, handshake("/ws/session/till-1?ticket="+token)) },
		"subprotocol": func() *raw {
			return server.connect(t, "till-1", "Sec-WebSocket-Protocol", "hotseat.v1, hotseat.bearer."+token)
		},
		"first message": func() *raw {
			c := server.connect(t, "till-1")
			c.write(text(`{"type":"authenticate","token":"` + token + `"}`))
			return c
		},
		"first message in the handshake's own packet": func() *raw {
			return server.say(t, handshake("/ws/session/till-1/")+string(text(`{"type":"authenticate","token":"`+token+`"}`)))
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			c := way()
			require.Equal(t, "ada", c.expect("session_established")["employee_id"])
		})
	}
}

func (s suite) OnlyTheProtocolIsAnsweredNeverTheToken(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	for offered, answered := range map[string][]string{
		"hotseat.v1, hotseat.bearer." + token:     {"hotseat.v1"},
		"hotseat.bearer." + token + ",hotseat.v1": {"hotseat.v1"},
		"hotseat.bearer." + token:                 nil,
		"graphql-transport-ws":                    nil,
	} {
		c := server.connect(t, "till-1", "Sec-WebSocket-Protocol", offered, "Sec-WebSocket-Extensions", "permessage-deflate")
		require.Equal(t, answered, c.resp.Header["Sec-Websocket-Protocol"], offered)
		require.Empty(t, c.resp.Header["Sec-Websocket-Extensions"], "extensions are declined")
		c.net.Close()
	}
}

// A browser's script cannot read a failed handshake: it gets a socket, an error and a code.
func (s suite) ABadCredentialOfABrowserIsAnsweredOnTheSocket(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	for _, bad := range []struct {
		token, origin, code string
		close               int
	}{
		{"nonsense", Own, "invalid_token", 4520},
		{ExpiredToken, Own, "token_expired", 4003},
		{UnknownKey, Own, "stale_view", 1013},
		{token, "http://evil.example", "origin_not_allowed", 4522},
		{token, "null", "origin_not_allowed", 4522},
		{Panicking, Own, "internal", 1011},
	} {
		c := server.connect(t, "till-1", "Authorization", "Bearer "+bad.token, "Origin", bad.origin)
		require.Equal(t, bad.code, c.expect("error")["code"], bad.token)
		c.expectClose(bad.close)
	}
	c := server.connect(t, "till-9", "Authorization", "Bearer "+token, "Origin", Own)
	c.expect("error")
	c.expectClose(4521)
}

func (s suite) ABadCredentialWithoutOriginIsAnsweredByHTTP(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	for _, path := range []string{"/ws/session/till-1/?ticket=nonsense", "/ws/session/till-9/?ticket=" + token} {
		c := server.say(t, handshake(path))
		require.Equal(t, http.StatusUnauthorized, c.resp.StatusCode)
		require.Equal(t, "application/problem+json", c.resp.Header.Get("Content-Type"))
		require.Equal(t, "no-store", c.resp.Header.Get("Cache-Control"))
		require.NotEmpty(t, c.resp.Header.Get("WWW-Authenticate"))
		require.Equal(t, "1", c.resp.Header.Get("Retry-After"))
		c.net.Close()
	}
}

func (s suite) ABadFirstMessageIsAnsweredOnTheSocket(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	for _, bad := range []struct {
		message, code string
		close         int
	}{
		{`{"type":"authenticate","token":"nonsense"}`, "invalid_token", 4520},
		{`{"type":"authenticate","token":"` + ExpiredToken + `"}`, "token_expired", 4003},
		{`{"type":"authenticate","token":"` + Panicking + `"}`, "internal", 1011},
		{`{"type":"authenticate","token":""}`, "invalid_request", 1008},
		{`{"type":"authenticate","token":"` + token + `","more":1}`, "invalid_request", 1008},
		{`{"type":"ack","seq":1}`, "invalid_request", 1008},
		{`{"type":"hello"}`, "invalid_request", 1008},
	} {
		c := server.connect(t, "till-1")
		c.write(text(bad.message))
		require.Equal(t, bad.code, c.expect("error")["code"], bad.message)
		c.expectClose(bad.close)
	}
}

func (s suite) APanicOfTheGateIsLoggedWithoutTheToken(t *testing.T) {
	var log bytes.Buffer
	server := Start(t, s.listen, hub.Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	c := server.connect(t, "till-1", "Authorization", "Bearer "+Panicking, "Origin", Own)
	c.expect("error")
	c.expectClose(1011)
	c = server.connect(t, "till-1")
	c.write(text(`{"type":"authenticate","token":"` + Panicking + `"}`))
	c.expect("error")
	c.expectClose(1011)
	server.Stop()
	require.Equal(t, 2, strings.Count(log.String(), "the gate panicked"))
	require.Contains(t, log.String(), "hubtest.(*Floor).Authenticate", "where it happened")
	require.NotContains(t, log.String(), Panicking)
}

func (s suite) ASocketThatSendsNoTokenInTimeIsClosed(t *testing.T) {
	server := Start(t, s.listen, hub.Options{AuthTimeout: 500 * time.Millisecond})
	c := server.say(t, handshake("/ws/session/till-1/")+string(text(`{"type":"ping"}`)))
	c.expect("pong") // which wins no time
	require.Equal(t, "invalid_token", c.expect("error")["code"])
	c.expectClose(4520)
}

func (s suite) ASecondAuthenticateIsRefused(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	c.write(text(`{"type":"authenticate","token":"` + token + `"}`))
	require.Equal(t, "invalid_request", c.expect("error")["code"])
	c.expectClose(1008)
}

func (s suite) AnOwnersRefusalHasItsCloseCode(t *testing.T) {
	for want, err := range map[int]error{
		4004: session.ErrTicketSpent, 4520: session.ErrEpochAhead, 1013: session.ErrUnavailable,
	} {
		server := Start(t, s.listen, hub.Options{})
		token, _ := server.Floor.Login("ada", "till-1")
		server.Floor.AttachError = errors.Join(errors.New("attach"), err)
		c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
		c.expect("error")
		c.expectClose(want)
	}
}

func (s suite) AnOwnerThatNeverAnswersCostsA1013(t *testing.T) {
	server := Start(t, s.listen, hub.Options{AttachTimeout: 50 * time.Millisecond})
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Silent = true
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	require.Equal(t, "store_unavailable", c.expect("error")["code"])
	c.expectClose(1013)
}

func (s suite) SocketsWithoutATokenAreBounded(t *testing.T) {
	server := Start(t, s.listen, hub.Options{MaxAwaiting: 2})
	token, _ := server.Floor.Login("ada", "till-1")
	first := server.connect(t, "till-1")
	second := server.connect(t, "till-1")
	refused := server.say(t, handshake("/ws/session/till-1/"))
	require.Equal(t, http.StatusServiceUnavailable, refused.resp.StatusCode)
	require.NotEmpty(t, refused.resp.Header.Get("Retry-After"))
	server.seated(t, "till-1", token) // who brings a token is not counted

	first.write(text(`{"type":"authenticate","token":"` + token + `"}`))
	first.expect("session_established")
	server.connect(t, "till-1")
	second.net.Close()
	for server.say(t, handshake("/ws/session/till-1/")).resp.StatusCode != http.StatusSwitchingProtocols {
		waitABit(t)
	}
}
