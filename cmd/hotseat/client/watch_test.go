package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const established = `{"type":"session_established","session_id":"s1","employee_id":"ada","terminal_id":"till-1","epoch":1,"seq":0,"heartbeat_ms":25000}`

func terminated(reason string) string {
	return `{"type":"session_terminated","message":"gone","reason":"` + reason + `","session_id":"s1","epoch":2,"seq":1,"by":{"terminal_id":"till-2"},"test":false}`
}

// tokenOf is an access token as far as a client looks into one.
func tokenOf(terminal string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"terminal_id":"`+terminal+`"}`)) + ".sig"
}

// peer is the server's side of one socket. It runs on the server's goroutine, where a test may only
// assert.
type peer struct {
	*websocket.Conn
	t *testing.T
}

func (p peer) say(text string) {
	assert.NoError(p.t, p.Write(p.t.Context(), websocket.MessageText, []byte(text)))
}

func (p peer) hear() string {
	_, text, err := p.Read(p.t.Context())
	assert.NoError(p.t, err)
	return string(text)
}

// watching is a Watch whose connections are handled by serve, numbered from 1.
func watching(t *testing.T, serve func(n int, w http.ResponseWriter, r *http.Request) *websocket.Conn, hold func(n int, p peer)) (*Watch, *[]string) {
	t.Helper()
	var count atomic.Int32
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		n := int(count.Add(1))
		if conn := serve(n, w, r); conn != nil {
			defer conn.CloseNow()
			hold(n, peer{conn, t})
		}
	})
	var seen []string
	return &Watch{
		Client:  c,
		Token:   func(context.Context, bool) (string, error) { return tokenOf("till-1"), nil },
		Message: func(m Message) { seen = append(seen, m.Type) },
		Waiting: func(why string, _ time.Duration) { seen = append(seen, why) },
		Base:    time.Microsecond, Longest: time.Millisecond,
	}, &seen
}

func accept(_ int, w http.ResponseWriter, r *http.Request) *websocket.Conn {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"hotseat.v1"}})
	if err != nil {
		return nil
	}
	return conn
}

func TestATerminationIsToldAckedAndEndsTheWatch(t *testing.T) {
	acked := ""
	w, seen := watching(t, func(n int, w http.ResponseWriter, r *http.Request) *websocket.Conn {
		assert.Equal(t, "/ws/session/till-1/", r.URL.Path)
		assert.Equal(t, "Bearer "+tokenOf("till-1"), r.Header.Get("Authorization"))
		return accept(n, w, r)
	}, func(_ int, p peer) {
		p.say(established)
		p.say(terminated("new_login"))
		acked = p.hear()
		_ = p.Close(4510, "")
	})
	require.NoError(t, w.Run(t.Context()))
	require.Equal(t, []string{"session_established", "session_terminated"}, *seen)
	require.Equal(t, `{"type":"ack","seq":1}`, acked)
}

func TestATestTerminationIsShownAndTheSessionGoesOn(t *testing.T) {
	w, seen := watching(t, accept, func(n int, p peer) {
		p.say(`{"type":"session_terminated","reason":"ended","test":true,"by":null}`)
		if n == 1 {
			_ = p.Close(1012, "")
			return
		}
		p.say(terminated("admin"))
		assert.Equal(t, `{"type":"ack","seq":1}`, p.hear(), "the test itself is not acked")
		_ = p.Close(4511, "")
	})
	require.NoError(t, w.Run(t.Context()))
	require.Equal(t, []string{"session_terminated", "the server is draining", "session_terminated", "session_terminated"}, *seen)
}

func TestEveryCloseCodeOfTheContractIsHonoured(t *testing.T) {
	retry := []websocket.StatusCode{1001, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4004, 4029, 1002, 1003, 1007, 1008, 1009, 3999, 4500, 4999}
	over := []websocket.StatusCode{1000, 4510, 4511, 4512, 4513, 4514, 4515}
	never := []websocket.StatusCode{4520, 4521, 4522}
	run := func(code websocket.StatusCode) (connections int, seen []string, err error) {
		w, s := watching(t, accept, func(n int, p peer) {
			connections = n
			if n == 2 {
				_ = p.Close(4511, "")
				return
			}
			_ = p.Close(code, "")
		})
		err = w.Run(t.Context())
		return connections, *s, err
	}
	for _, code := range retry {
		n, _, err := run(code)
		require.NoError(t, err)
		require.Equal(t, 2, n, "connections after %d", code)
	}
	for _, code := range over {
		n, seen, err := run(code)
		require.NoError(t, err)
		require.Equal(t, 1, n, "connections after %d", code)
		require.Equal(t, []string{"closed"}, seen)
	}
	for _, code := range never {
		n, _, err := run(code)
		require.Equal(t, ExitRefused, ExitCode(err))
		require.Equal(t, 1, n, "connections after %d", code)
	}
}

func TestALostConnectionIsRetried(t *testing.T) {
	w, seen := watching(t, accept, func(n int, p peer) {
		p.say(established)
		if n == 1 {
			_ = p.CloseNow()
			return
		}
		p.say(terminated("new_login"))
		p.hear() // the connection is then lost without a Close
	})
	require.NoError(t, w.Run(t.Context()))
	require.Equal(t, []string{"session_established", "connection lost", "session_established", "session_terminated"}, *seen)
}

func TestAnExpiredTokenIsReplaced(t *testing.T) {
	w, _ := watching(t, func(n int, w http.ResponseWriter, r *http.Request) *websocket.Conn {
		if n == 1 {
			answerProblem(w, 401, "token_expired", "")
			return nil
		}
		return accept(n, w, r)
	}, func(n int, p peer) {
		if n == 2 {
			_ = p.Close(4003, "")
			return
		}
		_ = p.Close(4512, "")
	})
	var asked []bool
	w.Token = func(_ context.Context, expired bool) (string, error) {
		asked = append(asked, expired)
		return tokenOf("till-1"), nil
	}
	require.NoError(t, w.Run(t.Context()))
	require.Equal(t, []bool{false, true, true}, asked)

	w.Token = func(context.Context, bool) (string, error) { return "", errors.New("log in again") }
	require.EqualError(t, w.Run(t.Context()), "log in again")
}

func TestNothingButAnAnswerAboutTheSessionEndsIt(t *testing.T) {
	w, seen := watching(t, func(n int, w http.ResponseWriter, r *http.Request) *websocket.Conn {
		switch n {
		case 1:
			answerProblem(w, 503, "store_unavailable", "")
		case 2:
			answerProblem(w, 429, "rate_limited", "")
		case 3:
			http.Error(w, "<html>bad gateway", http.StatusBadGateway)
		case 4:
			breakOff(t, w)
		default:
			return accept(n, w, r)
		}
		return nil
	}, func(_ int, p peer) { _ = p.Close(4510, "") })
	require.NoError(t, w.Run(t.Context()))
	require.Len(t, *seen, 5)
}

// breakOff loses the connection in the middle of the answer to a handshake.
func breakOff(t *testing.T, w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if !assert.NoError(t, err) {
		return
	}
	_, _ = conn.Write([]byte("HTTP/1.1 101 Swit"))
	assert.NoError(t, conn.Close())
}

func TestASessionThatEndedBeforeTheHandshakeIsTold(t *testing.T) {
	for _, padding := range []string{"", fmt.Sprintf(`,"padding":"%01000d"`, 0)} { // more than a failed handshake keeps
		w, _ := watching(t, func(_ int, w http.ResponseWriter, _ *http.Request) *websocket.Conn {
			answerProblem(w, 401, "session_terminated", padding+`,"termination":`+terminated("logout"))
			return nil
		}, nil)
		var told Message
		w.Message = func(m Message) { told = m }
		require.NoError(t, w.Run(t.Context()))
		require.Equal(t, "logout", told.Reason)
		require.Equal(t, "till-2", told.By.Terminal)
	}
}

func TestABadTokenIsNotRetried(t *testing.T) {
	w, _ := watching(t, func(_ int, w http.ResponseWriter, _ *http.Request) *websocket.Conn {
		answerProblem(w, 401, "invalid_token", "")
		return nil
	}, nil)
	require.Equal(t, ExitRefused, ExitCode(w.Run(t.Context())))

	w.Token = func(context.Context, bool) (string, error) { return "no token", nil }
	require.ErrorContains(t, w.Run(t.Context()), "not an access token")
}

func TestASilentServerIsLeft(t *testing.T) {
	w, seen := watching(t, accept, func(n int, p peer) {
		if n == 2 {
			_ = p.Close(4510, "")
			return
		}
		p.say(`{"type":"session_established","heartbeat_ms":1}`)
		assert.Equal(t, `{"type":"ping"}`, p.hear())
		p.say(`{"type":"pong"}`)
		assert.Equal(t, `{"type":"ping"}`, p.hear())
		_, _, err := p.Read(t.Context()) // says nothing until the client leaves
		assert.Error(t, err)
	})
	w.pong = 3 * time.Second // also for the pong that comes
	require.NoError(t, w.Run(t.Context()))
	require.Equal(t, []string{"session_established", "the server went silent", "closed"}, *seen)
}

func TestADrainingServerIsLeftWhenItSays(t *testing.T) {
	w, seen := watching(t, accept, func(n int, p peer) {
		if n == 2 {
			_ = p.Close(4510, "")
			return
		}
		p.say(`{"type":"server_draining","reconnect_after_ms":5}`)
		_, _, err := p.Read(t.Context())
		assert.Error(t, err)
	})
	require.NoError(t, w.Run(t.Context()))
	require.Equal(t, []string{"server_draining", "the server is draining", "closed"}, *seen)
}

func TestTheCallerMayLeaveAtAnyTime(t *testing.T) {
	leaving := errors.New("leaving")
	ctx, leave := context.WithCancelCause(t.Context())
	w, _ := watching(t, accept, func(_ int, p peer) {
		p.say(established)
		_, _, err := p.Read(context.Background())
		assert.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(err))
	})
	w.Message = func(Message) { leave(leaving) }
	require.ErrorIs(t, w.Run(ctx), leaving)
	require.ErrorIs(t, w.Run(ctx), leaving)
}

func TestPausesAreFullyJitteredAndBounded(t *testing.T) {
	b := backoff{base: time.Second, longest: 30 * time.Second}
	for try := range 40 {
		bound := min(30*time.Second, time.Second<<min(try, 16))
		pause := b.next()
		require.LessOrEqual(t, pause, bound, "try %d", try)
		require.GreaterOrEqual(t, b.long(), 15*time.Second)
		require.LessOrEqual(t, b.long(), 30*time.Second)
	}
	b.reset()
	require.LessOrEqual(t, b.next(), time.Second)
	distinct := map[time.Duration]bool{}
	for range 50 {
		distinct[(&backoff{base: time.Second, longest: time.Second}).next()] = true
	}
	require.Greater(t, len(distinct), 40, "clients that lost one server come back spread")
}
