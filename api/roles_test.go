package api

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// The matrix of routes and credentials: what a route's role does not name is not let in.
func TestEveryRouteLetsInItsRoleAndNobodyElse(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	credentials := []struct{ name, secret string }{
		{"nothing", ""},
		{"garbage", "garbage"},
		{"half a key", serviceKey[:len(serviceKey)-1]},
		{"an access token", b.login("t").AccessToken},
		{"a service key", serviceKey},
		{"an admin key", adminKey},
	}
	allowed := map[role][]string{
		bearer: {"an access token"}, gateway: {"an access token"},
		service: {"a service key", "an admin key"}, admin: {"an admin key"},
	}
	wrongKind := map[role][]string{
		bearer: {"a service key", "an admin key"}, gateway: {"a service key", "an admin key"},
		service: {"an access token"}, admin: {"an access token", "a service key"},
	}
	before := b.changes()
	for _, one := range routes {
		if one.role == public || one.role == client || one.method == "DELETE" && one.role == bearer {
			continue
		}
		method := strings.Replace(one.method, anyMethod, "POST", 1)
		path := strings.NewReplacer("{employee_id}", "nobody", "{session_id}", zeroID, "{terminal_id}", "none").Replace(one.pattern)
		for _, c := range credentials {
			body := ""
			if method == "POST" || method == "PATCH" {
				body = `{"no":"such field"}` // so that nothing is done by those let in
			}
			a := b.send(request{method: method, path: path, bearer: c.secret, body: body})
			name := one.method + " " + one.pattern + " with " + c.name
			switch {
			case slices.Contains(allowed[one.role], c.name):
				require.NotContains(t, []int{401, 403}, a.StatusCode, "%s: %s", name, a.text)
			case slices.Contains(wrongKind[one.role], c.name):
				a.problem(403, "insufficient_scope")
				require.Equal(t, `Bearer error="insufficient_scope"`, a.Header.Get("WWW-Authenticate"), name)
			case c.secret == "":
				a.problem(401, "invalid_token")
				require.Equal(t, "Bearer", a.Header.Get("WWW-Authenticate"), name)
			default:
				a.problem(401, "invalid_token")
				require.Equal(t, `Bearer error="invalid_token", error_description="invalid_token"`, a.Header.Get("WWW-Authenticate"), name)
			}
		}
	}
	require.Equal(t, before+2, b.changes(), "only the ticket's check and the deletion of nobody got through")
}

func TestARouteWithoutARoleDoesNotStart(t *testing.T) {
	require.Panics(t, func() { _ = role(99).authenticate(&exchange{}) })
}

func TestCredentialsInOtherShapes(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	token := b.login("t").AccessToken
	for header, status := range map[string]int{
		"Bearer " + token: 200, "bearer " + token: 200, "BEARER  " + token: 200,
		"Bearer": 401, "Bearer ": 401, "Basic YTpi": 401, token: 401, "Bearer " + token + " x": 401, "Token " + token: 401,
	} {
		a := b.send(request{path: "/v1/session", header: map[string][]string{"Authorization": {header}}})
		require.Equal(t, status, a.StatusCode, header[:min(len(header), 12)])
	}
	b.send(request{path: "/v1/session", header: map[string][]string{"Authorization": {"Bearer " + token, "Bearer x"}}}).problem(401, "invalid_token")
	// A token in a URL is not one.
	b.get("/v1/session?access_token="+token, "").problem(401, "invalid_token")
}

func TestKeysAreNamedAndSeveralAreGoodAtOnce(t *testing.T) {
	b := start(t, func(o *Options) {
		o.ServiceKeys = []NamedKey{{"old", "old-service-key-0001"}, {"new", "new-service-key-0002"}}
		o.AdminKeys = []NamedKey{{"", "an-admin-key-without-name"}}
	})
	for _, key := range []string{"old-service-key-0001", "new-service-key-0002", "an-admin-key-without-name"} {
		b.post("/v1/sessions", key, `{"employee_id":"ada"}`).is(200)
	}
	clients := []string{}
	for _, e := range b.states["ada"].Active {
		clients = append(clients, e.Client)
	}
	require.Equal(t, []string{"admin"}, clients)
}

func TestWeakKeysAreRefusedAtTheStart(t *testing.T) {
	for _, secret := range []string{"", "fifteen-letters", "has-a-comma,inside-it", "has-an-equals=inside", "has a space inside it"} {
		_, err := newKeyring([]NamedKey{{"x", secret}}, nil)
		require.ErrorContains(t, err, "service key 1")
		if secret != "" {
			require.NotContains(t, err.Error(), secret)
		}
		_, err = newKeyring(nil, []NamedKey{{"x", secret}})
		require.ErrorContains(t, err, "admin key 1")
	}
}
