package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func (b *bench) patch(id, body string) *answer {
	b.Helper()
	return b.send(request{method: "PATCH", path: "/v1/admin/employees/" + id, bearer: adminKey, body: body})
}

func (b *bench) del(path, key string) *answer {
	b.Helper()
	return b.send(request{method: "DELETE", path: path, bearer: key})
}

func TestAnEmployeeIsMadeShownChangedAndDeleted(t *testing.T) {
	b := start(t, nil)
	a := b.post("/v1/admin/employees", adminKey, `{"employee_id":"Eve","username":"eve1","first_name":"E\u0007ve","last_name":"Adams",
		"email":"eve@hotseat.test","role":"cashier","legacy_id":7,"policy":{"max_sessions":2,"on_limit":"deny"},"locked":false,"password":"eve's"}`)
	want := map[string]any{
		"employee_id": "Eve", "username": "eve1", "first_name": "Eve", "last_name": "Adams", "email": "eve@hotseat.test",
		"role": "cashier", "legacy_id": 7.0, "policy": map[string]any{"max_sessions": 2.0, "on_limit": "deny"}, "locked": false,
	}
	require.Equal(t, want, a.is(201))
	require.Equal(t, "/v1/admin/employees/Eve", a.Header.Get("Location"))
	require.NotContains(t, string(a.text), "password")
	require.Equal(t, want, b.get("/v1/admin/employees/eVE", adminKey).is(200))
	b.post("/v1/login", "", `{"employee_id":"EVE","password":"eve's"}`).is(200)
	b.post("/v1/admin/employees", adminKey, `{"employee_id":"EVE"}`).problem(409, "already_exists")
	b.post("/v1/admin/employees", adminKey, `{"employee_id":"mallory","username":"EVE1"}`).problem(409, "already_exists")
	b.get("/v1/admin/employees/mallory", adminKey).problem(404, "not_found")

	want["role"], want["legacy_id"], want["policy"] = "manager", nil, nil
	require.Equal(t, want, b.patch("eve", `{"role":"manager","legacy_id":null,"policy":null}`).is(200))
	require.Equal(t, want, b.patch("eve", `{}`).is(200))
	b.patch("nobody", `{"role":"x"}`).problem(404, "not_found")
	b.get("/v1/admin/employees/nobody", adminKey).problem(404, "not_found")

	require.Equal(t, 204, b.del("/v1/admin/employees/eve", adminKey).StatusCode)
	b.get("/v1/admin/employees/eve", adminKey).problem(404, "not_found")
	b.del("/v1/admin/employees/eve", adminKey).problem(404, "not_found")
	b.post("/v1/login", "", `{"employee_id":"eve","password":"eve's"}`).problem(401, "invalid_credentials")
	epoch := b.states["eve"].Epoch
	b.post("/v1/admin/employees", adminKey, `{"employee_id":"eve"}`).is(201)
	require.Equal(t, epoch, b.states["eve"].Epoch, "a deleted employee goes on")
}

func TestWhatAPatchEndsAndWhatNot(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("t")
	b.patch("ada", `{"first_name":"Augusta"}`).is(200)
	b.get("/v1/session", g.AccessToken).is(200)
	b.patch("ada", `{"password":"new one","keep_sessions":true}`).is(200)
	b.get("/v1/session", g.AccessToken).is(200)
	b.patch("ada", `{"password":"`+adaPassword+`"}`).is(200)
	problem := b.get("/v1/session", g.AccessToken).problem(401, "session_terminated")
	termination := problem["termination"].(map[string]any)
	require.Equal(t, "admin", termination["reason"])
	require.Equal(t, map[string]any{"name": "ops"}, termination["by"], "the key's name")

	g = b.login("t")
	require.Equal(t, true, b.patch("ada", `{"locked":true}`).is(200)["locked"])
	problem = b.get("/v1/session", g.AccessToken).problem(401, "session_terminated")
	require.Equal(t, "locked", problem["termination"].(map[string]any)["reason"])
	b.patch("ada", `{"locked":false,"policy":{"max_sessions":3,"on_limit":"takeover"}}`).is(200)

	first, second := b.login("t-1"), b.login("t-2")
	b.patch("ada", `{"policy":{"max_sessions":1,"on_limit":"takeover"}}`).is(200)
	b.get("/v1/session", first.AccessToken).problem(401, "session_terminated")
	b.get("/v1/session", second.AccessToken).is(200)
}

func TestAPasswordMayHaveAKilobyteAndIsNeverShown(t *testing.T) {
	b := start(t, nil)
	long := make([]byte, 1024)
	for i := range long {
		long[i] = 'p'
	}
	b.post("/v1/admin/employees", adminKey, `{"employee_id":"eve","password":"`+string(long)+`"}`).is(201)
	b.post("/v1/login", "", `{"employee_id":"eve","password":"`+string(long)+`"}`).is(200)
	b.patch("eve", `{"password":"`+string(long)+`p"}`).problem(400, "invalid_request")
}

func TestTheListGoesOnWhereItStopped(t *testing.T) {
	b := start(t, nil)
	require.Equal(t, map[string]any{"employees": []any{}, "cursor": nil}, b.get("/v1/admin/employees", adminKey).is(200))
	for i := range 120 {
		b.post("/v1/admin/employees", adminKey, fmt.Sprintf(`{"employee_id":"E-%03d"}`, i)).is(201)
	}
	b.post("/v1/admin/employees", adminKey, `{"employee_id":"zoe"}`).is(201)
	var seen []string
	cursor := ""
	for pages := 1; ; pages++ {
		page := b.get("/v1/admin/employees?prefix=E-&cursor="+cursor, adminKey).is(200)
		for _, one := range page["employees"].([]any) {
			seen = append(seen, one.(map[string]any)["employee_id"].(string))
		}
		if page["cursor"] == nil {
			require.Equal(t, 3, pages, "fifty by default")
			break
		}
		cursor = page["cursor"].(string)
	}
	require.Len(t, seen, 120)
	require.IsIncreasing(t, seen)
	require.Len(t, b.get("/v1/admin/employees?limit=500", adminKey).is(200)["employees"], 121)
	last := b.get("/v1/admin/employees?limit=121", adminKey).is(200)
	require.Nil(t, last["cursor"], "a page that is the last says so")
}

func TestOperatorsSeeAndEndSessions(t *testing.T) {
	b := start(t, func(o *Options) { o.Policy.MaxSessions = 3 })
	b.hire("ada")
	one, two, three := b.login("t-1"), b.login("t-2"), b.login("t-3")
	list := b.get("/v1/admin/employees/ada/sessions", adminKey).is(200)["sessions"].([]any)
	require.Len(t, list, 3)
	require.Equal(t, "t-1", list[0].(map[string]any)["terminal_id"])
	b.get("/v1/admin/employees/nobody/sessions", adminKey).problem(404, "not_found")

	end := "/v1/admin/employees/ada/sessions/" + two.Session.SessionID.String() + "/end"
	ended := b.post(end, adminKey, `{"message":"Please \u0000come by"}`).is(200)["ended"].([]any)
	require.Len(t, ended, 1)
	require.Equal(t, two.Session.SessionID.String(), ended[0].(map[string]any)["session_id"])
	termination := b.get("/v1/session", two.AccessToken).problem(401, "session_terminated")["termination"].(map[string]any)
	require.Equal(t, "Please come by", termination["message"])
	require.Equal(t, "admin", termination["reason"])
	b.post(end, adminKey, "").problem(404, "not_found")
	b.post("/v1/admin/employees/nobody/sessions/"+zeroID+"/end", adminKey, "").problem(404, "not_found")
	b.get("/v1/session", one.AccessToken).is(200)

	require.Len(t, b.post("/v1/admin/employees/ada/end-sessions?wait=acked&timeout_ms=0", adminKey, "").is(200)["ended"], 2)
	require.Empty(t, b.post("/v1/admin/employees/ada/end-sessions", adminKey, `{}`).is(200)["ended"])
	b.post("/v1/admin/employees/nobody/end-sessions", adminKey, "").problem(404, "not_found")
	termination = b.get("/v1/session", three.AccessToken).problem(401, "session_terminated")["termination"].(map[string]any)
	require.Equal(t, "Your session has been ended by an operator", termination["message"])
	require.Empty(t, b.get("/v1/admin/employees/ada/sessions", adminKey).is(200)["sessions"])
}

func TestATestTerminationReachesTheTerminalsSockets(t *testing.T) {
	b := start(t, nil)
	b.sockets[session.TerminalID("till-1")] = 2
	require.Equal(t, 2.0, b.post("/v1/admin/terminals/till-1/test-termination", adminKey, "").is(200)["sockets"])
	require.Equal(t, 2.0, b.post("/v1/admin/terminals/till-1/test-termination?force=true", adminKey, "").is(200)["sockets"])
	b.post("/v1/admin/terminals/till-2/test-termination", adminKey, "").problem(404, "not_found")
}

func TestABackendLooksAfterItsSessions(t *testing.T) {
	b := start(t, nil)
	g := b.post("/v1/sessions", serviceKey, `{"employee_id":"ada","terminal_id":"t","external_id":"django-1"}`).grant()
	path := "/v1/employees/ada/sessions/" + g.Session.SessionID.String()
	object := b.get(path, serviceKey).is(200)
	require.Equal(t, "django-1", object["external_id"])
	require.Equal(t, "ada", object["employee"].(map[string]any)["employee_id"])
	ticket, err := b.api.o.Tokens.ParseTicket(b.post(path+"/ws-ticket", serviceKey, "").is(200)["ticket"].(string))
	require.NoError(t, err)
	require.Equal(t, g.Session.SessionID, ticket.Session)

	// Another employee's session is not there.
	b.post("/v1/sessions", serviceKey, `{"employee_id":"eve"}`).is(200)
	other := "/v1/employees/eve/sessions/" + g.Session.SessionID.String()
	for _, a := range []*answer{
		b.get(other, serviceKey), b.del(other, serviceKey), b.post(other+"/ws-ticket", serviceKey, ""),
		b.get("/v1/employees/nobody/sessions/"+zeroID, serviceKey),
	} {
		a.problem(404, "not_found")
	}
	require.Equal(t, 204, b.del(path, adminKey).StatusCode)
	termination := b.get("/v1/session", g.AccessToken).problem(401, "session_terminated")["termination"].(map[string]any)
	require.Equal(t, "logout", termination["reason"])
	for _, a := range []*answer{b.get(path, serviceKey), b.del(path, serviceKey), b.post(path+"/ws-ticket", serviceKey, "")} {
		a.problem(404, "not_found")
	}
}
