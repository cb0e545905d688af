package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestALoginGivesTokensAndTheNextOneEndsIt(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")

	first := b.login("till-1")
	require.Equal(t, "Bearer", first.TokenType)
	require.Equal(t, int64(900), first.ExpiresIn)
	require.Equal(t, &employeeView{EmployeeID: "ada", FirstName: "Ada", LastName: "Lovelace"}, first.Employee)
	require.Equal(t, session.Epoch(1), first.Session.Epoch)
	require.Equal(t, "127.0.0.1", first.Session.IP)
	require.Equal(t, "Go-http-client", first.Session.DeviceName)
	require.Nil(t, first.Session.ExternalID)
	require.Equal(t, b.Now().Add(12*time.Hour), first.Session.ExpiresAt)
	require.Equal(t, byte(7), first.Session.SessionID[6]>>4, "a UUIDv7")
	require.Empty(t, *first.Terminated)
	b.get("/v1/session", first.AccessToken).is(http.StatusOK)

	second := b.login("till-2")
	require.Len(t, *second.Terminated, 1)
	ended := (*second.Terminated)[0]
	require.Equal(t, first.Session.SessionID, ended.SessionID)
	require.Equal(t, "offline", ended.Delivery)
	require.Nil(t, ended.DeliveryMS)

	problem := b.get("/v1/session", first.AccessToken).problem(401, "session_terminated")
	termination := problem["termination"].(map[string]any)
	require.Equal(t, "new_login", termination["reason"])
	require.Equal(t, "till-2", termination["by"].(map[string]any)["terminal_id"])
	b.get("/v1/session", second.AccessToken).is(http.StatusOK)
}

func TestFreeTextIsCleanedAndTheLoginGoesOn(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	body := "{\"employee_id\":\"ADA\",\"password\":\"" + adaPassword + "\",\"device_name\":\"Till\\u0000 \xff" + strings.Repeat("é", 100) + "\"}"
	a := b.send(request{method: "POST", path: "/v1/login", body: body, header: http.Header{"User-Agent": {"Mozilla/5.0\xff Chrome/1 Linux"}}})
	g := a.grant()
	require.True(t, strings.HasPrefix(g.Session.DeviceName, "Till \uFFFDéé"), g.Session.DeviceName)
	require.LessOrEqual(t, len(g.Session.DeviceName), session.MaxDevice)
	require.Equal(t, "Mozilla/5.0\uFFFD Chrome/1 Linux", g.Session.UserAgent)
	require.Equal(t, session.EmployeeID("ada"), g.Employee.EmployeeID, "the first spelling wins")
	require.Len(t, g.Session.TerminalID, 36, "a terminal that is not named gets a UUID")
}

func TestAnUnknownEmployeeIsAnsweredLikeAWrongPassword(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.post("/v1/sessions", serviceKey, `{"employee_id":"without-password"}`).is(200)
	bodies := map[string]bool{}
	for _, id := range []string{"ada", "nobody", "without-password"} {
		a := b.send(request{method: "POST", path: "/v1/login", body: `{"employee_id":"` + id + `","password":"wrong"}`, header: http.Header{"X-Request-Id": {"same"}}})
		a.problem(401, "invalid_credentials")
		require.Equal(t, "Bearer", a.Header.Get("WWW-Authenticate"))
		bodies[string(a.text)] = true
	}
	require.Len(t, bodies, 1, "the answers tell employees apart: %v", bodies)
}

func TestALockedEmployeeLearnsItOnlyByTheRightPassword(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.send(request{method: "PATCH", path: "/v1/admin/employees/ada", bearer: adminKey, body: `{"locked":true}`}).is(200)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"wrong"}`).problem(401, "invalid_credentials")
	b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`).problem(423, "employee_locked")
	b.post("/v1/sessions", serviceKey, `{"employee_id":"ada"}`).problem(423, "employee_locked")
}

func TestAPasswordThatChangesDuringTheLoginIsCheckedAgain(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	changed := func(password string, times int) {
		b.before = func(cmd session.Command) {
			if _, is := cmd.(session.Login); !is || times == 0 {
				return
			}
			times--
			hash, err := b.pool.Hash(context.Background(), password)
			require.NoError(t, err)
			_, err = b.Do(context.Background(), "ada", session.Update{Profile: &session.ProfilePatch{PasswordHash: &hash}})
			require.NoError(t, err)
		}
	}
	changed("another", 1)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`).problem(401, "invalid_credentials")
	changed("another", 1)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"another"}`).is(200)
	changed("another", 1000)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"another"}`).problem(503, "overloaded")
}

func TestAnEmployeeWhoIsDeletedDuringTheLoginIsUnknown(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.before = func(cmd session.Command) {
		if _, is := cmd.(session.Login); is {
			_, _ = b.Do(context.Background(), "ada", session.Delete{})
		}
	}
	b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`).problem(401, "invalid_credentials")
}

func TestARepeatedIdempotencyKeyIsTheSameLogin(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	login := func(more, header string) *answer {
		q := request{method: "POST", path: "/v1/login", body: `{"employee_id":"ada","password":"` + adaPassword + `"` + more + `}`, header: http.Header{}}
		if header != "" {
			q.header.Set("Idempotency-Key", header)
		}
		return b.send(q)
	}
	b.login("till-0")
	first := login(`,"idempotency_key":"k 1"`, "").grant()
	require.Len(t, *first.Terminated, 1)
	for _, again := range []*answer{login(`,"idempotency_key":"k 1"`, ""), login("", "k 1"), login(`,"idempotency_key":"k 1"`, "k 1")} {
		g := again.grant()
		require.Equal(t, first.Session, g.Session)
		require.Equal(t, first.RefreshToken, g.RefreshToken)
		require.NotEqual(t, first.AccessToken, g.AccessToken)
		require.Empty(t, *g.Terminated)
	}
	login(`,"idempotency_key":"k 1"`, "k 2").problem(400, "invalid_request")
	login(`,"idempotency_key":"k 1","terminal_id":"t"`, "").problem(422, "idempotency_key_reused")
	login(`,"idempotency_key":"k 1","device_name":"x"`, "").problem(422, "idempotency_key_reused")
	b.post("/v1/sessions", serviceKey, `{"employee_id":"ada","idempotency_key":"k 1"}`).problem(422, "idempotency_key_reused")
	b.post("/v1/login", "", `{"employee_id":"ada","password":"wrong","idempotency_key":"k 1"}`).problem(401, "invalid_credentials")

	// After a refresh the replay gives the current refresh token.
	refreshed := b.post("/v1/token/refresh", "", `{"refresh_token":"`+first.RefreshToken+`"}`).grant()
	require.Equal(t, refreshed.RefreshToken, login("", "k 1").grant().RefreshToken)
	// And once the session has ended, it is never begun again.
	b.login("till-9")
	problem := login("", "k 1").problem(401, "session_terminated")
	require.Equal(t, "new_login", problem["termination"].(map[string]any)["reason"])
	b.advance(session.KeyLifetime + time.Second)
	login("", "k 1").grant()
}

func TestUnderDenyTheHolderKeepsTheSeat(t *testing.T) {
	b := start(t, func(o *Options) { o.Policy.OnLimit = session.Deny })
	b.hire("ada")
	holder := b.login("till-1")
	denied := func(path, key, body string) {
		t.Helper()
		problem := b.post(path, key, body).problem(409, "session_active")
		active := problem["active"].([]any)
		require.Len(t, active, 1)
		require.Equal(t, map[string]any{
			"session_id": holder.Session.SessionID.String(), "terminal_id": "till-1",
			"device_name": "Go-http-client", "created_at": holder.Session.CreatedAt.String(),
		}, active[0])
	}
	denied("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`","terminal_id":"till-2"}`)
	denied("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`","terminal_id":"till-2","if_active":"takeover"}`)
	denied("/v1/sessions", serviceKey, `{"employee_id":"ada"}`)
	b.get("/v1/session", holder.AccessToken).is(200)
	holder = b.login("till-1") // its own terminal replaces it
	require.Len(t, *holder.Terminated, 1)
	g := b.post("/v1/sessions", serviceKey, `{"employee_id":"ada","override":true,"terminal_id":"till-3"}`).grant()
	require.Len(t, *g.Terminated, 1)
	b.advance(time.Minute) // nobody is connected, and the grace is over
	require.Len(t, *b.login("till-4").Terminated, 1)
}

func TestIfActiveOnlyTightens(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.login("till-1")
	body := `{"employee_id":"ada","password":"` + adaPassword + `","terminal_id":"till-2","if_active":"%s"}`
	b.post("/v1/login", "", fmt.Sprintf(body, "deny")).problem(409, "session_active")
	require.Len(t, *b.post("/v1/login", "", fmt.Sprintf(body, "takeover")).grant().Terminated, 1)
}

func TestATrustedLoginTakesAllItsFields(t *testing.T) {
	b := start(t, nil)
	g := b.post("/v1/sessions", serviceKey, `{"employee_id":"Grace","terminal_id":"kiosk","device_name":null,"ip":"::ffff:192.0.2.7",
		"user_agent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/120\u0000","external_id":"kc-1","override":false,"idempotency_key":"k"}`).grant()
	require.Equal(t, "192.0.2.7", g.Session.IP)
	require.Equal(t, "Chrome on Linux", g.Session.DeviceName)
	require.Equal(t, "Mozilla/5.0 (X11; Linux x86_64) Chrome/120", g.Session.UserAgent)
	require.Equal(t, "kc-1", *g.Session.ExternalID)
	require.Equal(t, session.EmployeeID("Grace"), g.Employee.EmployeeID)
	require.Equal(t, "shop", b.states["grace"].Active[0].Client)
	claims, err := b.api.o.Tokens.Verify(g.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "shop", claims.Client)
	// The backend's own address and program are not the employee's.
	g = b.post("/v1/sessions", serviceKey, `{"employee_id":"Grace"}`).grant()
	require.Empty(t, g.Session.IP)
	require.Empty(t, g.Session.UserAgent)
	require.Equal(t, "Unknown device", g.Session.DeviceName)
}

func TestTheReplySaysHowFarTheNoticeGot(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	var mu sync.Mutex
	var last *session.Delivery
	b.deliver = func(session.ID) *session.Delivery {
		mu.Lock()
		defer mu.Unlock()
		last = session.NewDelivery(1)
		last.Report(session.Sent, 1_234_567*time.Nanosecond)
		return last
	}
	login := func(query string) terminatedView {
		t.Helper()
		g := b.post("/v1/login"+query, "", `{"employee_id":"ada","password":"`+adaPassword+`"}`).grant()
		require.Len(t, *g.Terminated, 1)
		return (*g.Terminated)[0]
	}
	b.login("till-1")
	got := login("")
	require.Equal(t, "sent", got.Delivery)
	require.Equal(t, 1.23, *got.DeliveryMS)
	require.Equal(t, "sent", login("?wait=acked&timeout_ms=1").Delivery)

	b.deliver = func(session.ID) *session.Delivery {
		d := session.NewDelivery(1)
		d.Report(session.Sent, time.Millisecond)
		go d.Report(session.Acked, 2*time.Millisecond)
		return d
	}
	got = login("?wait=acked&timeout_ms=2000")
	require.Equal(t, "acked", got.Delivery)
	require.Equal(t, 2.0, *got.DeliveryMS)
	// A socket that nothing is heard of holds the reply no longer than that.
	b.deliver = func(session.ID) *session.Delivery { return session.NewDelivery(1) }
	require.Equal(t, "offline", login("").Delivery)
}

// counted is a limit on attempts that refuses the third.
type counted struct {
	mu     sync.Mutex
	failed int
	asked  []netip.Addr
}

func (c *counted) Wait(_ context.Context, _ session.Key, from netip.Addr) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, from)
	if c.failed >= 2 {
		return 61*time.Second + time.Millisecond
	}
	return 0
}

func (*counted) Passed(session.Key, netip.Addr) {}

func (c *counted) Failed(session.Key, netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed++
}

func TestOnlyFailedAttemptsCountAndTheLimitComesBeforeAnyWork(t *testing.T) {
	limit := &counted{}
	b := start(t, func(o *Options) { o.Attempts = limit })
	b.hire("ada")
	b.login("t")
	b.login("t")
	for range 2 {
		b.post("/v1/login", "", `{"employee_id":"ada","password":"wrong"}`).problem(401, "invalid_credentials")
	}
	b.fail(errors.New("the store is not asked"))
	a := b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`)
	a.problem(429, "rate_limited")
	require.Equal(t, "62", a.Header.Get("Retry-After"))
	require.Equal(t, netip.MustParseAddr("127.0.0.1"), limit.asked[0])
}

func TestLoginsAreCountedByKindAndOutcome(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	b.login("t")
	b.post("/v1/login", "", `{"employee_id":"ada","password":"wrong"}`).is(401)
	b.post("/v1/sessions", serviceKey, `{"employee_id":"ada"}`).is(200)
	b.post("/v1/sessions", serviceKey, `{}`).is(400)
	for labels, want := range map[[2]string]float64{
		{"password", "ok"}: 1, {"password", "invalid_credentials"}: 1, {"trusted", "ok"}: 1, {"trusted", "invalid_request"}: 1,
	} {
		var m dto.Metric
		require.NoError(t, b.api.logins.WithLabelValues(labels[0], labels[1]).Write(&m))
		require.Equal(t, want, m.GetCounter().GetValue(), "%v", labels)
	}
	require.Contains(t, b.log.String(), "login refused")
}

func TestFiftyLoginsAtOnceLeaveOneSession(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	var all sync.WaitGroup
	grants := make([]grantView, 50)
	for i := range grants {
		all.Go(func() { grants[i] = b.login(fmt.Sprintf("t-%d", i)) })
	}
	all.Wait()
	valid := 0
	for _, g := range grants {
		if b.get("/v1/session", g.AccessToken).StatusCode == 200 {
			valid++
		}
	}
	require.Equal(t, 1, valid)
}

func TestDevicesAreCalledByTheirUserAgent(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":                                  "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Android 14; Mobile; rv:120.0) Gecko/120.0 Firefox/120.0":                                                                   "Firefox on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":                         "Chrome on ChromeOS",
		"curl/8.5.0": "curl", "hotseat/1.0": "hotseat", "": "Unknown device", "  ": "Unknown device", "Mozilla/5.0 (Windows NT 10.0)": "Windows",
	} {
		require.Equal(t, want, deviceName(userAgent), userAgent)
	}
}
