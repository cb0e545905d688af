package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

const ownPage = "http://127.0.0.1:8080"

// gate is a Gate over the same world as b.
func (b *bench) gate() *Gate {
	b.Helper()
	g, err := NewGate(GateOptions{
		Tokens: b.api.o.Tokens, Rows: b.world, Clock: b.world, AllowedOrigins: []string{"https://pos.test"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	require.NoError(b, err)
	return g
}

// handshake is one to the terminal, changed by change.
func handshake(terminal string, change func(*hub.Request)) *hub.Request {
	header := http.Header{}
	r := &hub.Request{
		TerminalID: terminal, Host: "127.0.0.1:8080", Remote: netip.MustParseAddr("127.0.0.1"),
		Header: func(name string) []string { return header[name] },
	}
	if change != nil {
		change(r)
	}
	return r
}

func TestACredentialIsTakenInTheContractsOrder(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	login := b.login("till-1")
	ticket := b.post("/v1/ws-ticket", login.AccessToken, "").is(200)["ticket"].(string)
	gate, token := b.gate(), login.AccessToken
	for name, row := range map[string]struct {
		change func(*hub.Request)
		seat   bool
		ticket bool
	}{
		"header":                     {func(r *hub.Request) { r.Authorization = "Bearer " + token }, true, false},
		"header, small":              {func(r *hub.Request) { r.Authorization = "bearer " + token }, true, false},
		"ticket":                     {func(r *hub.Request) { r.Query = ticket }, true, true},
		"subprotocol":                {func(r *hub.Request) { r.Protocols = []string{"hotseat.v1", "hotseat.bearer." + token} }, true, false},
		"nothing":                    {func(*hub.Request) {}, false, false},
		"another scheme":             {func(r *hub.Request) { r.Authorization = "Basic YTpi" }, false, false},
		"only hotseat.v1":            {func(r *hub.Request) { r.Protocols = []string{"hotseat.v1"} }, false, false},
		"header before ticket":       {func(r *hub.Request) { r.Authorization, r.Query = "Bearer "+token, "garbage" }, true, false},
		"ticket before subprotocol":  {func(r *hub.Request) { r.Query, r.Protocols = ticket, []string{"hotseat.bearer.x"} }, true, true},
		"from an own page":           {func(r *hub.Request) { r.Origin, r.Authorization = ownPage, "Bearer "+token }, true, false},
		"from an allowed page":       {func(r *hub.Request) { r.Origin, r.Query = "https://pos.test", ticket }, true, true},
		"page without a credential":  {func(r *hub.Request) { r.Origin = ownPage }, false, false},
		"page behind a proxy's TLS":  {tlsPage("10.0.0.1", true), false, false},
		"page over TLS of this node": {func(r *hub.Request) { r.Origin, r.TLS = "https://127.0.0.1:8080", true }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := gate.Admit(context.Background(), handshake("till-1", row.change))
			require.Equal(t, !row.seat, v.Await)
			require.Empty(t, v.Protocol, "the token is never answered")
			if !row.seat {
				require.Equal(t, hub.Verdict{Await: true}, v)
				return
			}
			require.NotNil(t, v.Seat)
			require.Equal(t, row.ticket, v.Seat.Ticket != nil)
			v.Seat.Ticket = nil
			require.Equal(t, hub.Seat{
				Key: "ada", Employee: "ada", Session: login.Session.SessionID, Terminal: "till-1", Epoch: login.Session.Epoch,
			}, *v.Seat)
		})
	}
	v := gate.Authenticate(context.Background(), handshake("till-1", nil), token)
	require.NotNil(t, v.Seat)
}

func tlsPage(remote string, says bool) func(*hub.Request) {
	return func(r *hub.Request) {
		r.Origin, r.Remote = "https://127.0.0.1:8080", netip.MustParseAddr(remote)
		r.Header = func(name string) []string {
			if name == "X-Forwarded-Proto" && says {
				return []string{"https"}
			}
			return nil
		}
	}
}

func TestPagesOfForeignOriginsGetNoSocket(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("till-1").AccessToken
	gate := b.gate()
	for name, change := range map[string]func(*hub.Request){
		"foreign":                  func(r *hub.Request) { r.Origin = "https://evil.test" },
		"null":                     func(r *hub.Request) { r.Origin = "null" },
		"suffix":                   func(r *hub.Request) { r.Origin = "https://pos.test.evil.test" },
		"prefix":                   func(r *hub.Request) { r.Origin = "https://evilpos.test" },
		"other scheme":             func(r *hub.Request) { r.Origin = "http://pos.test" },
		"other port":               func(r *hub.Request) { r.Origin = "http://127.0.0.1:8081" },
		"name that points here":    func(r *hub.Request) { r.Origin, r.Host = "http://evil.test", "evil.test" },
		"TLS that a stranger says": tlsPage("192.0.2.1", true),
		"TLS that nobody says":     tlsPage("10.0.0.1", false),
	} {
		r := handshake("till-1", change)
		r.Authorization = "Bearer " + token
		v := gate.Admit(context.Background(), r)
		require.Equal(t, hub.CloseOrigin, v.Close, name)
		require.Equal(t, "origin_not_allowed", v.Code)
		require.Contains(t, v.Message, "--allowed-origins")
		require.Nil(t, v.Seat)
	}
}

// Each bad credential, to a page by a close code, to anything else by HTTP, as first message by a
// close code always.
func TestBadCredentialsGetTheirCodes(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	live := b.login("till-1")
	ticket := b.post("/v1/ws-ticket", live.AccessToken, "").is(200)["ticket"].(string)
	b.advance(15 * time.Minute) // live's token has expired, its session has not
	fresh := b.post("/v1/token/refresh", "", `{"refresh_token":"`+live.RefreshToken+`"}`).grant()
	gate := b.gate()

	for name, row := range map[string]struct {
		terminal, token, ticket string
		close                   hub.CloseCode
		status                  int
		code                    string
		down                    error
	}{
		"garbage":          {terminal: "till-1", token: "garbage", close: hub.CloseBadToken, status: 401, code: "invalid_token"},
		"a service key":    {terminal: "till-1", token: serviceKey, close: hub.CloseBadToken, status: 401, code: "invalid_token"},
		"a refresh token":  {terminal: "till-1", token: fresh.RefreshToken, close: hub.CloseBadToken, status: 401, code: "invalid_token"},
		"wrong terminal":   {terminal: "till-2", token: fresh.AccessToken, close: hub.CloseTerminal, status: 401, code: "invalid_token"},
		"terminal's case":  {terminal: "TILL-1", token: fresh.AccessToken, close: hub.CloseTerminal, status: 401, code: "invalid_token"},
		"expired":          {terminal: "till-1", token: live.AccessToken, close: hub.CloseTokenExpired, status: 401, code: "token_expired"},
		"expired, unasked": {terminal: "till-1", token: live.AccessToken, close: hub.CloseTryLater, status: 503, code: "store_unavailable", down: session.ErrUnavailable},
		"expired ticket":   {terminal: "till-1", ticket: ticket, close: hub.CloseTicketSpent, status: 401, code: "invalid_token"},
		"garbage ticket":   {terminal: "till-1", ticket: "garbage", close: hub.CloseBadToken, status: 401, code: "invalid_token"},
		"token as ticket":  {terminal: "till-1", ticket: fresh.AccessToken, close: hub.CloseBadToken, status: 401, code: "invalid_token"},
		"ticket elsewhere": {terminal: "till-9", ticket: b.api.o.Tokens.IssueTicket("ada", &b.states["ada"].Active[0]), close: hub.CloseTerminal, status: 401, code: "invalid_token"},
	} {
		t.Run(name, func(t *testing.T) {
			b.fail(row.down)
			defer b.fail(nil)
			ask := func(origin string) hub.Verdict {
				return gate.Admit(context.Background(), handshake(row.terminal, func(r *hub.Request) {
					r.Origin, r.Query = origin, row.ticket
					if row.token != "" {
						r.Authorization = "Bearer " + row.token
					}
				}))
			}
			v := ask(ownPage)
			require.Equal(t, row.close, v.Close)
			require.Equal(t, row.code, v.Code)
			require.NotEmpty(t, v.Message)
			require.Zero(t, v.Status)

			v = ask("")
			require.Equal(t, row.status, v.Status)
			require.Zero(t, v.Close)
			var problem map[string]any
			require.NoError(t, json.Unmarshal(v.Problem, &problem))
			require.Equal(t, row.code, problem["code"])
			require.Equal(t, problem["request_id"], v.Header.Get("X-Request-Id"))
			require.Equal(t, row.status == 401, v.Header.Get("WWW-Authenticate") != "")
			require.Equal(t, row.status == 503, v.RetryAfter > 0)

			if row.token != "" {
				v = gate.Authenticate(context.Background(), handshake(row.terminal, nil), row.token)
				require.Equal(t, row.close, v.Close)
			}
		})
	}
}

func TestAKeyThatIsNotKnownHereYetIsNoReasonToGiveUp(t *testing.T) {
	b, elsewhere := start(t, nil), start(t, nil)
	elsewhere.hire("ada")
	token := elsewhere.login("till-1").AccessToken
	v := b.gate().Admit(context.Background(), handshake("till-1", func(r *hub.Request) { r.Authorization, r.Origin = "Bearer "+token, ownPage }))
	require.Equal(t, hub.CloseTryLater, v.Close)
	v = b.gate().Admit(context.Background(), handshake("till-1", func(r *hub.Request) { r.Authorization = "Bearer " + token }))
	require.Equal(t, 503, v.Status)
}

func TestAnExpiredTokenOfAnEndedSessionIsToldWhy(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	old := b.login("till-1")
	b.login("till-2")
	b.advance(15 * time.Minute)
	gate := b.gate()
	ask := func() *session.Notice {
		v := gate.Admit(context.Background(), handshake("till-1", func(r *hub.Request) { r.Authorization = "Bearer " + old.AccessToken }))
		require.NotNil(t, v.Terminated)
		return v.Terminated
	}
	require.Equal(t, session.ReasonNewLogin, ask().Reason)
	b.states["ada"].Endings = nil // past retention
	notice := ask()
	require.Equal(t, session.ReasonEnded, notice.Reason)
	require.Equal(t, session.TerminalID("till-1"), notice.Terminal)
	b.states["ada"].Epoch = 0 // an older copy of the store
	v := gate.Admit(context.Background(), handshake("till-1", func(r *hub.Request) { r.Authorization, r.Origin = "Bearer "+old.AccessToken, ownPage }))
	require.Equal(t, hub.CloseBadToken, v.Close)
}
