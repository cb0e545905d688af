package hub_test

import (
	"net"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/hubtest"
)

func TestWhoHasSpokenOrGoneIsNoStranger(t *testing.T) {
	for name, listen := range map[string]hubtest.Listener{"goroutines": hubtest.Plain, "shards": hubtest.Shared, "hijacked": hubtest.Hijacked} {
		t.Run(name, func(t *testing.T) {
			server := hubtest.Start(t, listen, hub.Options{})
			token, _ := server.Floor.Login("ada", "till-1")
			strangers := func(want int) {
				t.Helper()
				require.Eventually(t, func() bool { return server.Hub.Strangers() == want }, 10*time.Second, time.Millisecond)
			}
			socket, _, err := websocket.Dial(t.Context(), "ws://"+server.Addr+"/ws/session/till-1/", nil)
			require.NoError(t, err)
			defer socket.CloseNow()
			strangers(1)
			require.NoError(t, socket.Write(t.Context(), websocket.MessageText, []byte(`{"type":"authenticate","token":"`+token+`"}`)))
			_, said, err := socket.Read(t.Context())
			require.NoError(t, err)
			require.Contains(t, string(said), "session_established")
			strangers(0)

			silent, err := net.Dial("tcp", server.Addr)
			require.NoError(t, err)
			strangers(1)
			require.NoError(t, silent.Close())
			strangers(0)

			leaver, _, err := websocket.Dial(t.Context(), "ws://"+server.Addr+"/ws/session/till-1/", nil)
			require.NoError(t, err)
			strangers(1)
			leaver.CloseNow()
			strangers(0)
		})
	}
}
