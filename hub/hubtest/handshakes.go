package hubtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

func (s suite) AWrongHandshakeIsRefusedBeforeTheGate(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	const path = "/ws/session/till-1/"
	for name, bad := range map[string]struct {
		request string
		status  int
	}{
		"version 8":              {handshake(path, "Sec-WebSocket-Version", "8"), 426},
		"no version":             {handshake(path, "Sec-WebSocket-Version", ""), 426},
		"two versions":           {handshake(path, "Sec-WebSocket-Version", "13, 8"), 426},
		"no upgrade":             {handshake(path, "Upgrade", ""), 426},
		"another upgrade":        {handshake(path, "Upgrade", "h2c"), 426},
		"connection keep-alive":  {handshake(path, "Connection", "keep-alive"), 426},
		"no key":                 {handshake(path, "Sec-WebSocket-Key", ""), 400},
		"short key":              {handshake(path, "Sec-WebSocket-Key", "dGhlIHNhbXBsZQ=="), 400},
		"key of 24 other bytes":  {handshake(path, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ???"), 400},
		"key of 18 bytes":        {handshake(path, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQaa"), 400},
		"protocol with a space":  {handshake(path, "Sec-WebSocket-Protocol", "hotseat.v1, a b"), 400},
		"protocol with an equal": {handshake(path, "Sec-WebSocket-Protocol", "hotseat.v1, hotseat.bearer.x="), 400},
		"empty protocol":         {handshake(path, "Sec-WebSocket-Protocol", "hotseat.v1,"), 400},
		"terminal too long":      {handshake("/ws/session/" + strings.Repeat("t", 65)), 400},
		"terminal with a dot":    {handshake("/ws/session/till.1/"), 400},
		"no terminal":            {handshake("/ws/session/"), 404},
		"longer path":            {handshake("/ws/session/till-1/more"), 404},
		"a body":                 {handshake(path, "Content-Length", "4") + "body", 400},
		"a body in chunks":       {handshake(path, "Transfer-Encoding", "chunked") + "0\r\n\r\n", 400},
		"a POST":                 {strings.Replace(handshake(path), "GET", "POST", 1), 405},
		"HTTP/1.0":               {strings.Replace(handshake(path), "HTTP/1.1", "HTTP/1.0", 1), 505},
	} {
		t.Run(name, func(t *testing.T) {
			c := server.say(t, bad.request)
			require.Equal(t, bad.status, c.resp.StatusCode)
			require.Equal(t, "application/problem+json", c.resp.Header.Get("Content-Type"))
			var problem struct {
				Type, Code, Detail string
				Status             int
				RequestID          string `json:"request_id"`
			}
			require.NoError(t, json.NewDecoder(c.resp.Body).Decode(&problem))
			require.Equal(t, bad.status, problem.Status)
			require.Equal(t, "urn:hotseat:problem:"+problem.Code, problem.Type)
			require.NotEmpty(t, problem.Detail)
			require.NotEmpty(t, problem.RequestID)
			require.Equal(t, problem.RequestID, c.resp.Header.Get("X-Request-Id"))
			switch bad.status {
			case http.StatusUpgradeRequired:
				require.Equal(t, "13", c.resp.Header.Get("Sec-WebSocket-Version"))
			case http.StatusMethodNotAllowed:
				require.Equal(t, "GET", c.resp.Header.Get("Allow"))
			}
		})
	}
}

func (s suite) ARightHandshakeIsUnderstoodHoweverItIsWritten(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	for _, request := range []string{
		handshake("/ws/session/till-1"),
		handshake("/ws/session/till-1/"),
		handshake("/ws/session/till-1/", "Upgrade", "WebSocket", "Connection", "keep-alive, uPGRADE"),
		handshake("/ws/session/till-1/", "Upgrade", "h2c, websocket"),
	} {
		c := server.say(t, request)
		require.Equal(t, 101, c.resp.StatusCode, request)
		require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", c.resp.Header.Get("Sec-WebSocket-Accept"), "the example of RFC 6455")
		c.net.Close()
	}
}

func (s suite) ARequestKeepsItsOwnIDIfThatIsWellFormed(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	c := server.say(t, handshake("/ws/session/", "X-Request-Id", "trace-7.a_B"))
	require.Equal(t, "trace-7.a_B", c.resp.Header.Get("X-Request-Id"))
	c = server.say(t, handshake("/ws/session/", "X-Request-Id", "no spaces"))
	require.NotContains(t, c.resp.Header.Get("X-Request-Id"), " ")
}
