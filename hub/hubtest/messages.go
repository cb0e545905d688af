package hubtest

import (
	"context"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// TheOlderTerminalIsToldAndClosedAfterItsAck is the reason for the product.
func (s suite) TheOlderTerminalIsToldAndClosedAfterItsAck(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, first := server.Floor.Login("ada", "till-1")
	older := server.seated(t, "till-1", token)
	_, second := server.Floor.Login("ada", "till-2")

	m := older.expect("session_terminated")
	at := m["timestamp"]
	delete(m, "timestamp")
	require.Equal(t, said{
		"type": "session_terminated", "reason": "new_login",
		"message":    "Your session has been terminated due to login from another location",
		"session_id": first.Session.ID.String(), "terminal_id": "till-1", "epoch": 2.0, "seq": 1.0,
		"by": map[string]any{"terminal_id": "till-2", "device_name": "Chrome on Linux"}, "test": false,
	}, m)
	_, err := time.Parse(time.RFC3339, at.(string))
	require.NoError(t, err)

	require.Len(t, second.Deliveries, 1)
	stage, _ := second.Deliveries[0].Wait(t.Context(), session.Sent)
	require.Equal(t, session.Sent, stage)
	older.write(text(`{"type":"ack","seq":1}`))
	stage, _ = second.Deliveries[0].Wait(t.Context(), session.Acked)
	require.Equal(t, session.Acked, stage)
	older.expectClose(4510)
}

func (s suite) WithoutAnAckTheCloseFollowsHalfASecondAfterTheNotice(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	older := server.seated(t, "till-1", token)
	start := time.Now()
	server.Floor.Login("ada", "till-2")
	older.expect("session_terminated")
	older.expectClose(4510)
	require.GreaterOrEqual(t, time.Since(start), 500*time.Millisecond, "the ack had no time to come")
}

func (s suite) EstablishedSaysWhoAndUntilWhen(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, reply := server.Floor.Login("ada", "till-1")
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	require.Equal(t, said{
		"type": "session_established", "session_id": reply.Session.ID.String(), "employee_id": "ada",
		"terminal_id": "till-1", "epoch": 1.0, "seq": 0.0, "expires_at": reply.Session.ExpiresAt.String(),
		"heartbeat_ms": 25000.0,
	}, c.expect("session_established"))
}

func (s suite) EveryReasonHasItsCloseCode(t *testing.T) {
	codes := map[session.Reason]int{
		session.ReasonNewLogin: 4510, session.ReasonAdmin: 4511, session.ReasonLogout: 4512, session.ReasonExpired: 4513,
		session.ReasonLocked: 4514, session.ReasonTokenReuse: 4515, session.ReasonEnded: 1000,
	}
	server := Start(t, s.listen, hub.Options{})
	for reason, code := range codes {
		token, reply := server.Floor.Login("ada", "till-1")
		c := server.seated(t, "till-1", token)
		require.Equal(t, 1, server.Hub.TellSession(session.Notice{Session: reply.Session.ID, Terminal: "till-1", Reason: reason}))
		require.Equal(t, reason.String(), c.expect("session_terminated")["reason"])
		c.write(text(`{"type":"ack","seq":1}`))
		c.expectClose(code)
	}
}

func (s suite) ConnectingToAnEndedSessionIsToldAtOnce(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Login("ada", "till-2")
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	require.Equal(t, "new_login", c.expect("session_terminated")["reason"])
	c.expectClose(4510)
}

// The owner is asked even when this node's view has not heard of the ending.
func (s suite) ConnectingToASessionThatOnlyItsOwnerKnowsEndedIsToldAtOnce(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	server.Floor.Lose = true
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Login("ada", "till-2")
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	require.Equal(t, "new_login", c.expect("session_terminated")["reason"])
	c.expectClose(4510)
}

// The row remembers an ending only for a while; the socket still hears its own terminal's name.
func (s suite) AnEndingThatTheRowHasForgottenIsToldToo(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Alter(token, func(seat *hub.Seat) { seat.Session = session.ID{9} })
	c := server.connect(t, "till-1", "Authorization", "Bearer "+token)
	m := c.expect("session_terminated")
	require.Equal(t, "ended", m["reason"])
	require.Equal(t, "till-1", m["terminal_id"])
	require.Nil(t, m["by"])
	c.expectClose(1000)
}

func (s suite) APingIsAnsweredByAPong(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	c.write(text(`{"type":"ping"}`))
	require.Equal(t, said{"type": "pong"}, c.expect("pong"))
	c.write(text(` { "type" : "ping" } `))
	c.expect("pong")
	c.write(masked(ws.OpPing, true, "who is there"))
	f := c.frame()
	require.Equal(t, ws.OpPong, f.Header.OpCode)
	require.Equal(t, "who is there", string(f.Payload))
}

func (s suite) ATestIsShownAndEndsNothing(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	require.Equal(t, 0, server.Hub.TestTermination("till-9", true))
	require.Equal(t, 1, server.Hub.TestTermination("till-1", false))
	m := c.expect("session_terminated")
	require.Equal(t, true, m["test"])
	require.NotContains(t, m, "seq")
	c.write(text(`{"type":"ping"}`))
	c.expect("pong")
}

func (s suite) AClientOfTheOriginalIsTestedOnlyByForceAndClosedWith1000(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	server.Floor.Alter(token, func(seat *hub.Seat) { seat.Compat = true })
	c := server.seated(t, "till-1", token)
	require.Equal(t, 0, server.Hub.TestTermination("till-1", false))
	require.Equal(t, 1, server.Hub.TestTermination("till-1", true))
	c.expect("session_terminated")
	server.Floor.Login("ada", "till-2")
	c.expect("session_terminated")
	c.expectClose(1000)
}

func (s suite) AfterTheTerminationNothingButTheAckIsHeard(t *testing.T) {
	server := Start(t, s.listen, hub.Options{AckTimeout: patience})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	server.Floor.Login("ada", "till-2")
	c.expect("session_terminated")
	for _, deaf := range []string{`{"type":"ping"}`, `{"type":"authenticate","token":"x"}`, `{"type":"ack","seq":0}`, `{"type":"ack"}`, `what?`, ``} {
		c.write(text(deaf))
	}
	c.write(text(`{"type":"ack","seq":1}`))
	c.expectClose(4510)
}

// Whatever ends a told socket, its client must learn the code that says why its session ended.
func (s suite) AfterTheTerminationEveryCloseHasTheCodeOfTheReason(t *testing.T) {
	server := Start(t, s.listen, hub.Options{AckTimeout: patience})
	for name, last := range map[string][]byte{
		"close frame": masked(ws.OpClose, true, "\x03\xe8"), "bad frame": {0xff, 0x80, 1, 2, 3, 4}, "binary": masked(ws.OpBinary, true, "x"),
	} {
		token, _ := server.Floor.Login("ada", "till-1")
		c := server.seated(t, "till-1", token)
		server.Floor.Login("ada", "till-2")
		c.expect("session_terminated")
		c.write(last)
		f := c.frame()
		require.Equal(t, closing(4510, "new_login"), string(f.Payload), "after a %s", name)
		c.expectEnd()
	}
}

func (s suite) AnAckOfEstablishedMeansNothing(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, _ := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	c.write(text(`{"type":"ack","seq":0}`))
	c.write(text(`{"type":"ping"}`))
	c.expect("pong")
}

// The tail may be faster than the owner; the terminal hears of it once, and both learn how it went.
func (s suite) ASecondNoticeOfAnEndingIsNotSaidButSettled(t *testing.T) {
	server := Start(t, s.listen, hub.Options{AckTimeout: patience})
	token, reply := server.Floor.Login("ada", "till-1")
	c := server.seated(t, "till-1", token)
	conn := server.Hub.SocketsOf(reply.Session.ID)[0]
	notice := session.Notice{Session: reply.Session.ID, Reason: session.ReasonAdmin}
	require.Equal(t, 1, server.Hub.TellSession(notice))
	require.Equal(t, 0, server.Hub.TellSession(notice))
	late := session.NewDelivery(1)
	server.Hub.Tell(conn, notice, late, time.Now())
	require.Equal(t, session.Sent, stageOf(t.Context(), late, session.Sent))
	c.expect("session_terminated")
	c.write(text(`{"type":"ack","seq":1}`))
	require.Equal(t, session.Acked, stageOf(t.Context(), late, session.Acked))
	c.expectClose(4511)
}

func (s suite) ANoticeForNobodyIsOffline(t *testing.T) {
	server := Start(t, s.listen, hub.Options{})
	token, reply := server.Floor.Login("ada", "till-1")
	server.seated(t, "till-1", token)
	conn := server.Hub.SocketsOf(reply.Session.ID)[0]
	for name, socket := range map[string]uint64{"no such socket": conn + 1000, "a socket of another session": conn} {
		d := session.NewDelivery(1)
		server.Hub.Tell(socket, session.Notice{Session: session.ID{1}}, d, time.Now())
		require.Equal(t, session.Offline, stageOf(t.Context(), d, session.Sent), name)
	}
}

func stageOf(ctx context.Context, d *session.Delivery, until session.Stage) session.Stage {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stage, _ := d.Wait(ctx, until)
	return stage
}

// Takeover has one terminal established, calls meanwhile, and has it replaced, told and acked.
func Takeover(t *testing.T, listen Listener, o hub.Options, meanwhile func()) {
	server := Start(t, listen, o)
	token, _ := server.Floor.Login("ada", "till-1")
	older := server.seated(t, "till-1", token)
	meanwhile()
	_, reply := server.Floor.Login("ada", "till-2")
	older.expect("session_terminated")
	older.write(text(`{"type":"ack","seq":1}`))
	require.Equal(t, session.Acked, stageOf(t.Context(), reply.Deliveries[0], session.Acked))
	older.expectClose(4510)
}
