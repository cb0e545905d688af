package hubtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
)

// TheOlderTerminalIsToldAndClosedAfterItsAck is the reason for the product.
func (s suite) TheOlderTerminalIsToldAndClosedAfterItsAck(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	older := server.seated(t, "till-1", token)
	server.Floor.Login("ada", "till-2")
	m := older.expect("session_terminated")
	require.Equal(t, "new_login", m["reason"])
	older.write(text(`{"type":"ack","seq":1}`))
	older.expectClose(4510)
}
