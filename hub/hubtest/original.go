package hubtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// original is a socket of a client that shows its terminal's id and nothing else.
func (s suite) original(t *testing.T, server *Server) *raw {
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Alter(token, func(seat *hub.Seat) { seat.Compat, seat.Bare = true, true })
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	server.Floor.AwaitHandles(t, "ada", 1)
	return c
}

func (s suite) ABareSocketIsToldItsEndInTheOriginalsWordsAndNothingElse(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	c := s.original(t, server)
	for _, nothing := range []string{`hello`, `{"type":"ping"}`, `{"type":"ack","seq":1}`, `{"type":"authenticate","token":"x"}`} {
		c.write(text(nothing))
	}
	server.Floor.Login("ada", "till-2")
	m := c.expect("session_terminated") // the first frame there is
	require.Equal(t, "auto_logout", m["reason"])
	require.Equal(t, "Your session has been terminated due to login from another location", m["message"])
	require.NotEmpty(t, m["timestamp"])
	require.NotContains(t, m["by"], "terminal_id", "another's terminal would be a credential")
	c.expectClose(1000)
}

func (s suite) ABareSocketOfASessionThatLoggedOutGetsTheCloseAlone(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	c := s.original(t, server)
	var mine session.ID
	row, err := server.Floor.Load(t.Context(), "ada")
	require.NoError(t, err)
	mine = row.Active[0].ID
	_, err = server.Floor.Do("ada", session.Logout{Session: mine})
	require.NoError(t, err)
	c.expectClose(1000)
}

func (s suite) UnderCompatWhoNegotiatesOurProtocolKeepsIt(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Alter(token, func(seat *hub.Seat) { seat.Compat = true })
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token, "Sec-WebSocket-Protocol", "hotseat.v1")
	c.expect("session_established")
	require.Equal(t, 1, server.Hub.TestTermination("till-1", false), "a client of ours knows tests")
	c.expect("session_terminated")
	server.Floor.Login("ada", "till-2")
	m := c.expect("session_terminated")
	require.Equal(t, "new_login", m["reason"])
	require.NotContains(t, m["by"], "terminal_id")
	c.expectClose(4510)
}
