package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// canaries are what must be seen nowhere but where it belongs, by name.
type canaries map[string]string

// search fails where a text has one of them. Of a token its signature is enough.
func (c canaries) search(t *testing.T, where, text string) {
	t.Helper()
	for name, secret := range c {
		if i := strings.LastIndex(secret, "."); i > 0 {
			secret = secret[i+1:]
		}
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%s is in %s: …%s", name, where, text[max(0, i-200):min(len(text), i+len(secret))])
		}
	}
}

// Everything secret comes in every way that a client has, rightly and wrongly, while the database is there
// and while it is away; the log at its most talkative, the metrics and the profiles show none of it.
func TestTheProgramShowsNoSecretWhereItShouldNot(t *testing.T) {
	database := pgtest.NewServer(t, pgtest.Options{})
	store, err := url.Parse(database.URL(t))
	require.NoError(t, err)
	store.User = url.UserPassword(store.User.Username(), "canary-of-the-database") // whom it trusts anyway
	config := filepath.Join(t.TempDir(), "hotseat.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `receivers:
- {name: shop, kind: webhook, url: "http://127.0.0.1:1/", secret: %s, allow-networks: ["127.0.0.1"]}
`, webhookSecret), 0o600))
	s := start(t, store.String(), "--log-level", "debug", "--config", config, "--allowed-origins", foreign)
	s.addEmployee("ada", "canary-of-the-password")
	gone, sits := s.passwordLogin("till-1"), s.passwordLogin("till-1")
	secrets := canaries{
		"the database's password": "canary-of-the-database", "the receiver's secret": webhookSecret, "the password": "canary-of-the-password",
		"the service key": serviceKey, "the admin key": adminKey, "the ended access token": gone.AccessToken,
		"the ended refresh token": gone.RefreshToken, "the access token": sits.AccessToken, "the refresh token": sits.RefreshToken,
	}
	for _, said := range s.sitEveryWay(secrets, sits) {
		require.Contains(t, said, "session_established")
		secrets.search(t, "a handshake", said)
	}
	for _, secret := range secrets {
		s.misuse(secret)
	}
	database.Stop(t)
	s.tryPassword(client, "ada", "canary-of-the-password")
	for _, said := range s.sitEveryWay(secrets, sits) {
		secrets.search(t, "a handshake", said)
	}
	for _, secret := range secrets {
		s.misuse(secret)
	}

	for _, path := range []string{"/metrics", "/readyz", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1"} {
		a := s.probe(path)
		require.NoError(t, a.err)
		secrets.search(t, path, string(a.body))
	}
	s.Terminate()
	for _, line := range []string{"login refused", "request refused"} {
		require.Contains(t, s.log.String(), line, "the log was written")
	}
	secrets.search(t, "the log", s.log.String())
}

const foreign = "https://shop.example.com"

func (s *server) passwordLogin(terminal string) login {
	s.t.Helper()
	return s.decodeLogin(s.send("POST", "/v1/login", "", object{"employee_id": "ada", "password": "canary-of-the-password", "terminal_id": terminal}))
}

// sitEveryWay opens sockets with a token by header, by subprotocol, by first message and by a ticket, which
// becomes a canary. Each stays open, and says first what is returned of it.
func (s *server) sitEveryWay(secrets canaries, l login) (said []string) {
	s.t.Helper()
	var made struct{ Ticket string }
	if a := s.send("POST", "/v1/ws-ticket", l.AccessToken, nil); a.status == http.StatusOK {
		require.NoError(s.t, json.Unmarshal(a.body, &made))
		secrets["the ticket"] = made.Ticket
	}
	return []string{
		s.sit("", "", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + l.AccessToken}}}),
		s.sit("", "", &websocket.DialOptions{Subprotocols: []string{"hotseat.v1", "hotseat.bearer." + l.AccessToken}}),
		s.sit("", `{"type":"authenticate","token":"`+l.AccessToken+`"}`, nil),
		s.sit("?ticket="+secrets["the ticket"], "", nil),
	}
}

// sit is what a socket says first, or what its handshake is refused with.
func (s *server) sit(query, first string, o *websocket.DialOptions) string {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	conn, response, err := websocket.Dial(ctx, "ws://"+s.listen+"/ws/session/till-1/"+query, o)
	if err != nil {
		require.NotNil(s.t, response, "%v", err)
		text, _ := io.ReadAll(response.Body)
		return fmt.Sprint(response.Header, string(text))
	}
	s.t.Cleanup(func() { conn.CloseNow() })
	if first != "" {
		require.NoError(s.t, conn.Write(ctx, websocket.MessageText, []byte(first)))
	}
	_, text, err := conn.Read(ctx)
	return fmt.Sprint(response.Header, string(text), err)
}

// misuse sends a secret to where it does not belong, whole and with more behind it.
func (s *server) misuse(secret string) {
	s.t.Helper()
	own := canaries{"what was sent": secret}
	for _, sent := range []string{secret, secret + "x"} {
		for _, a := range []answer{
			s.send("GET", "/v1/session?ticket="+url.QueryEscape(sent), sent, nil),
			s.send("GET", "/v1/session/events?ticket="+url.QueryEscape(sent), "", nil, "Origin", foreign),
			s.send("GET", "/v1/authz", sent, nil),
			s.send("POST", "/v1/login", "", object{"employee_id": sent, "password": sent}),
			s.send("POST", "/v1/login", "", `{"employee_id":"ada","password":["`+sent+`"]}`),
			s.send("POST", "/v1/token/refresh", "", object{"refresh_token": sent + "x"}),
			s.send("POST", "/graphql", sent, object{
				"query":     `mutation($p: String!) { login(username: "` + sent + `", password: $p) { token } }`,
				"variables": object{"p": []string{sent}},
			}),
			s.send("POST", "/oauth2/introspect", sent+"x", "token="+url.QueryEscape(sent), "Content-Type", "application/x-www-form-urlencoded"),
			s.send("GET", "/"+url.PathEscape(sent), sent, nil, "Cookie", "a="+sent, "Sec-Websocket-Protocol", sent),
		} {
			require.NoError(s.t, a.err)
			a.header.Del("X-Request-Id")
			own.search(s.t, "an answer", fmt.Sprint(a.header, string(a.body)))
		}
		for _, head := range []string{
			"GET /ws/session/till-1/?ticket=" + sent + " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
			"GET /ws/session/till-1/ HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + sent + "\r\nAuthorization: Bearer " + sent + "\r\n\r\n",
			"GET /ws/session/" + sent + "/;" + sent + " HTTP/1.1\r\nHost: " + sent + "\r\nBad Header" + sent + ": x\r\n\r\n",
			"GET /v1/session HTTP/1.1\r\nHost: h\r\nAuthorization : " + sent + "\r\n\r\n",
			sent + " / HTTP/1.1\r\n\r\n",
		} {
			own.search(s.t, "an answer to a broken request", s.raw(head))
		}
	}
}

// raw is what a request of these bytes is answered with, until the server ends it or says nothing more.
func (s *server) raw(request string) string {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.listen)
	require.NoError(s.t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(s.t, err)
	require.NoError(s.t, conn.(*net.TCPConn).CloseWrite())
	text, _ := io.ReadAll(conn)
	return string(text)
}
