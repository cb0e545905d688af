package hubtest

import (
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// AClientThatThisProjectDidNotWriteSeesTheSame speaks by coder/websocket.
func (s suite) AClientThatThisProjectDidNotWriteSeesTheSame(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	scheme, client := "ws://", &http.Client{Transport: &http.Transport{TLSClientConfig: server.TLS}}
	if server.TLS != nil {
		scheme = "wss://"
	}
	c, _, err := websocket.Dial(t.Context(), scheme+server.Addr+"/ws/session/till-1/", &websocket.DialOptions{
		HTTPClient: client, Subprotocols: []string{"hotseat.v1", "hotseat.bearer." + token},
		CompressionMode: websocket.CompressionContextTakeover,
	})
	require.NoError(t, err)
	defer c.CloseNow()
	require.Equal(t, "hotseat.v1", c.Subprotocol())
	_, message, err := c.Read(t.Context())
	require.NoError(t, err)
	require.Contains(t, string(message), `"session_established"`)

	server.Floor.Login("ada", "till-2")
	_, message, err = c.Read(t.Context())
	require.NoError(t, err)
	require.Contains(t, string(message), `"session_terminated"`)
	require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ack","seq":1}`)))
	_, _, err = c.Read(t.Context())
	require.Equal(t, websocket.StatusCode(4510), websocket.CloseStatus(err), "%v", err)
}
