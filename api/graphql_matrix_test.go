package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Every field of the schema but login is asked for with every credential that is no living session's.
func TestEveryFieldOfGraphQLRefusesEveryCredentialButALivingSessions(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	ended := b.login("till-1")
	living := b.login("till-2")
	credentials := map[string]string{
		"no credential": "", "garbage": "garbage", "the service key": serviceKey, "the admin key": adminKey,
		"a refresh token": living.RefreshToken, "an ended session's token": ended.AccessToken,
	}
	text, err := os.ReadFile("graphql/schema.graphqls")
	require.NoError(t, err)
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: string(text)})
	before, pairs := b.changes(), 0
	for operation, root := range map[string]*ast.Definition{"query": schema.Query, "mutation": schema.Mutation, "subscription": schema.Subscription} {
		for _, field := range root.Fields {
			if strings.HasPrefix(field.Name, "__") || field.Name == "login" { // the schema's own; the public one
				continue
			}
			shown := "__typename"
			if operation == "subscription" {
				shown = "type"
			}
			query := operation + "{" + field.Name + arguments(field) + "{" + shown + "}}"
			for kind, secret := range credentials {
				pairs++
				answer := b.streamed(secret, query)
				require.Regexp(t, refused, answer, "%s with %s", query, kind)
				require.NotContains(t, answer, `"__typename"`, "%s with %s", query, kind)
				require.NotContains(t, answer, "session_established", "%s with %s", query, kind)
			}
			if operation == "query" || field.Name == "endSession" { // the others end the session, or have no end
				require.NotRegexp(t, refused, b.streamed(living.AccessToken, query), "the refusals have another reason")
			}
		}
	}
	require.Equal(t, 5*len(credentials), pairs)
	require.Equal(t, before, b.changes(), "nothing was done")
}

// refused is how a field is: by an error, or for the token of an ended session by a stream of just that.
var refused = regexp.MustCompile(`"code":"(invalid_token|session_terminated|insufficient_scope)"|"type":"session_terminated"`)

// arguments gives every argument of a field the same text, which names nothing.
func arguments(field *ast.FieldDefinition) string {
	var given []string
	for _, a := range field.Arguments {
		given = append(given, fmt.Sprintf("%s:%q", a.Name, "none"))
	}
	if given == nil {
		return ""
	}
	return "(" + strings.Join(given, ",") + ")"
}

// streamed is all that an operation is answered with, as server-sent events where it is a subscription.
func (b *bench) streamed(bearer, query string) string {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	require.NoError(b, err)
	r, err := http.NewRequest("POST", b.server.URL+"/graphql", strings.NewReader(string(body)))
	require.NoError(b, err)
	r.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(query, "subscription") {
		r.Header.Set("Accept", "text/event-stream")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := b.server.Client().Do(r)
	require.NoError(b, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return string(text)
}
