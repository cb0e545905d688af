package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every operation of the document is called with every credential there is. What a security scheme
// of the operation does not name is answered 401 or 403, and changes nothing; that the others are
// let in shows that the refusals have their reason.
func TestEveryOperationOfTheDocumentRefusesEveryCredentialThatItDoesNotName(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	credentials := map[string]string{
		"": "", "garbage": "garbage", "accessToken": b.login("till-1").AccessToken, "serviceKey": serviceKey, "adminKey": adminKey,
	}
	var doc described
	require.NoError(t, json.Unmarshal(openAPI, &doc))
	before, pairs := b.changes(), 0
	for path, item := range doc.Paths {
		for method, operation := range item {
			if len(operation.Security) == 0 || strings.HasPrefix(path, "/ws/") || path == "/graphql" || path == "/graphql/" {
				continue // public, or judged by the gate (TestBadCredentialsGetTheirCodes) or by GraphQL's fields (graphql_matrix_test.go)
			}
			var named []string
			for _, alternative := range operation.Security {
				for scheme := range alternative {
					named = append(named, scheme)
				}
			}
			concrete := strings.NewReplacer("{employee_id}", "nobody", "{session_id}", zeroID, "{terminal_id}", "none", "{node}", "none").Replace(path)
			for kind, secret := range credentials {
				if slices.Contains(named, kind) {
					continue // TestEveryRouteLetsInItsRoleAndNobodyElse sees them let in
				}
				pairs++
				r, err := http.NewRequest(strings.ToUpper(method), b.server.URL+concrete, strings.NewReader(`{"employee_id":"mallory"}`))
				require.NoError(t, err)
				r.Header.Set("Content-Type", "application/json")
				if secret != "" {
					r.Header.Set("Authorization", "Bearer "+secret)
				}
				response, err := b.server.Client().Do(r)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				require.Contains(t, []int{401, 403}, response.StatusCode, "%s %s with %q", method, path, kind)
			}
		}
	}
	require.Greater(t, pairs, 100)
	require.Equal(t, before, b.changes(), "nothing was done")
}

func TestMetricSeriesDoNotGrowWithIDs(t *testing.T) {
	b := start(t, nil)
	series := func() (n int) {
		families, err := b.api.o.Gatherer.Gather()
		require.NoError(t, err)
		for _, f := range families {
			n += len(f.GetMetric())
		}
		return n
	}
	visit := func(employee, terminal string) {
		b.post("/v1/sessions", serviceKey, `{"employee_id":"`+employee+`","terminal_id":"`+terminal+`"}`).is(200)
		b.post("/v1/login", "", `{"employee_id":"`+employee+`","password":"x"}`).is(401)
		b.get("/v1/admin/employees/"+employee, adminKey).is(200)
		b.get("/v1/unknown/"+employee, "").is(404)
	}
	visit("first", "till-0")
	before := series()
	for _, name := range []string{"ada", "bea", "cleo", "dora"} {
		visit(name, "till-"+name)
	}
	require.Equal(t, before, series())
}
