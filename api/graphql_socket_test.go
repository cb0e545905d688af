package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/api/graphql"
)

// gqlSocket is a client of graphql-transport-ws.
type gqlSocket struct {
	testing.TB
	*websocket.Conn
}

func (b *bench) gqlSocket(protocols ...string) *gqlSocket {
	b.Helper()
	conn, _, err := websocket.Dial(context.Background(), strings.Replace(b.server.URL, "http", "ws", 1)+"/graphql",
		&websocket.DialOptions{Subprotocols: protocols})
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.CloseNow() })
	return &gqlSocket{b, conn}
}

func (s *gqlSocket) say(text string) {
	s.Helper()
	require.NoError(s, s.Write(context.Background(), websocket.MessageText, []byte(text)))
}

func (s *gqlSocket) hear() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, text, err := s.Read(ctx)
	return string(text), err
}

func (s *gqlSocket) expect(want string) {
	s.Helper()
	text, err := s.hear()
	require.NoError(s, err)
	require.JSONEq(s, want, text)
}

func (s *gqlSocket) expectClose(code websocket.StatusCode) {
	s.Helper()
	for {
		if _, err := s.hear(); err != nil {
			require.Equal(s, code, websocket.CloseStatus(err), "%v", err)
			return
		}
	}
}

func TestEachFaultOfAGraphQLSocketHasItsCloseCode(t *testing.T) {
	b := start(t, nil)
	const begin = `{"type":"connection_init"}`
	for name, row := range map[string]struct {
		code websocket.StatusCode
		say  []string
	}{
		"no JSON":                  {4400, []string{begin, `hello`}},
		"no type of the protocol":  {4400, []string{begin, `{"type":"start","id":"1"}`}},
		"no id":                    {4400, []string{begin, `{"type":"subscribe","payload":{"query":"{me{id}}"}}`}},
		"no operation":             {4400, []string{begin, `{"type":"subscribe","id":"1","payload":[]}`}},
		"before the ack":           {4401, []string{`{"type":"subscribe","id":"1","payload":{"query":"{me{id}}"}}`}},
		"a credential that is bad": {4403, []string{`{"type":"connection_init","payload":{"Authorization":"Bearer nonsense"}}`}},
		"two inits":                {4429, []string{begin, begin}},
	} {
		t.Run(name, func(t *testing.T) {
			s := b.gqlSocket(graphql.Protocol)
			for _, text := range row.say {
				s.say(text)
			}
			s.TB = t
			s.expectClose(row.code)
		})
	}
	b.gqlSocket("graphql-ws").expectClose(4406)
	b.gqlSocket().expectClose(4406)
	late := start(t, nil)
	late.api.gql = graphql.New(graphql.Options{InitTimeout: 20 * time.Millisecond})
	late.gqlSocket(graphql.Protocol).expectClose(4408)
	full := start(t, nil)
	full.api.gql = graphql.New(graphql.Options{MaxSockets: 1})
	first := full.gqlSocket(graphql.Protocol)
	first.say(begin)
	first.expect(`{"type":"connection_ack"}`)
	full.gqlSocket(graphql.Protocol).expectClose(websocket.StatusTryAgainLater)
}

func TestAGraphQLSocketTellsTheSessionsEndAndGoesOn(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("till-1").AccessToken
	s := b.gqlSocket(graphql.Protocol)
	s.say(`{"type":"connection_init","payload":{"authorization":"Bearer ` + token + `"}}`)
	s.expect(`{"type":"connection_ack"}`)
	s.say(`{"type":"ping","payload":{"n":1}}`)
	s.expect(`{"type":"pong","payload":{"n":1}}`)
	subscribe := func(id string) {
		body, err := json.Marshal(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": `subscription{sessionEvents{type reason}}`}})
		require.NoError(t, err)
		s.say(string(body))
		s.expect(`{"type":"next","id":"` + id + `","payload":{"data":{"sessionEvents":{"type":"session_established","reason":null}}}}`)
	}
	subscribe("1")
	s.say(`{"type":"complete","id":"1"}`)
	subscribe("1") // the id is free again
	b.login("till-2")
	s.expect(`{"type":"next","id":"1","payload":{"data":{"sessionEvents":{"type":"session_terminated","reason":"new_login"}}}}`)
	s.expect(`{"type":"complete","id":"1"}`)

	s.say(`{"type":"subscribe","id":"2","payload":{"query":"{me{id}}"}}`)
	text, err := s.hear()
	require.NoError(t, err)
	require.Contains(t, text, `"code":"session_terminated"`)
	s.expect(`{"type":"complete","id":"2"}`)
	s.say(`{"type":"subscribe","id":"3","payload":{"query":"{nothing}"}}`)
	text, err = s.hear()
	require.NoError(t, err)
	require.Contains(t, text, `"type":"error","id":"3"`)
	b.api.EndStreams()
	s.expectClose(websocket.StatusServiceRestart)
}

func TestAnIdThatRunsIsNotGivenTwice(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	s := b.gqlSocket(graphql.Protocol)
	s.say(`{"type":"connection_init","payload":{"authorization":"Bearer ` + b.login("till-1").AccessToken + `"}}`)
	s.expect(`{"type":"connection_ack"}`)
	for range 2 {
		s.say(`{"type":"subscribe","id":"x","payload":{"query":"subscription{sessionEvents{type}}"}}`)
	}
	s.expectClose(4409)
}
