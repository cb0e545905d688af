package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/stretchr/testify/require"
)

// described is the part of the document that routes are compared with.
type described struct {
	Paths map[string]map[string]struct {
		OperationID string                `json:"operationId"`
		Security    []map[string][]string `json:"security"`
		Responses   map[string]any        `json:"responses"`
		RequestBody any                   `json:"requestBody"`
	} `json:"paths"`
}

// knownMethods are those that OpenAPI can describe; a route for any method takes others too.
var knownMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// documented is a route's path as the document writes it.
func documented(pattern string) string { return strings.ReplaceAll(pattern, "{$}", "") }

func TestEveryRouteIsInTheOpenAPIDocumentAndTheOtherWayRound(t *testing.T) {
	var doc described
	require.NoError(t, json.Unmarshal(openAPI, &doc))
	left := map[string]bool{}
	for path, item := range doc.Paths {
		for method := range item {
			left[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, one := range routes {
		methods := []string{one.method}
		if one.method == anyMethod {
			methods = knownMethods
		}
		for _, method := range methods {
			name := method + " " + documented(one.pattern)
			require.True(t, left[name], "%s is a route but not in openapi.json", name)
			delete(left, name)
			operation := doc.Paths[documented(one.pattern)][strings.ToLower(method)]
			require.NotEmpty(t, operation.OperationID)
			checkSecurity(t, name, one, operation.Security)
			require.Equal(t, one.browser || one.role != public && one.role != client || strings.HasPrefix(one.pattern, "/ws/"),
				operation.Responses["403"] != nil, "%s: 403", name)
		}
	}
	require.Empty(t, left, "in openapi.json but no route")
}

// checkSecurity compares a route's role with the credentials that the document names.
func checkSecurity(t *testing.T, name string, one route, security []map[string][]string) {
	t.Helper()
	var schemes []string
	for _, alternative := range security {
		for scheme := range alternative {
			schemes = append(schemes, scheme)
		}
	}
	want := map[role][]string{
		gateway: {"accessToken"}, bearer: {"accessToken"}, service: {"serviceKey", "adminKey"}, admin: {"adminKey"},
		client: {"serviceKeyBasic", "serviceKey", "adminKey"},
	}[one.role]
	if one.pattern == "/v1/session/events" {
		want = []string{"accessToken", "ticket"}
	}
	if strings.HasPrefix(one.pattern, "/ssf/") {
		want = []string{"streamCredential"}
	}
	if strings.HasPrefix(one.pattern, "/ws/") {
		want = []string{"accessToken", "ticket", "bearerSubprotocol"}
	}
	require.Equal(t, want, schemes, "%s is for %s", name, one.role)
}

func TestEveryCodeOfAProblemHasATitleAndIsInTheDocument(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas struct {
				Problem struct {
					Properties struct {
						Code struct{ Enum []string }
					}
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(openAPI, &doc))
	var titled []string
	for code := range titles {
		titled = append(titled, code)
	}
	require.ElementsMatch(t, titled, doc.Components.Schemas.Problem.Properties.Code.Enum)
	for _, p := range plain {
		require.Contains(t, titles, p.code)
	}
}

// openAPIValidator is made once: it compiles every schema.
var openAPIValidator = sync.OnceValues(func() (validator.Validator, error) {
	doc, err := libopenapi.NewDocument(openAPI)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithStrictMode(),
		// What GraphQL answers is described by its own schema.
		config.WithStrictIgnorePaths("$.body.data.**", "$.body.errors[*].extensions.**", "$.body.errors[*].locations[*].**"),
		config.WithoutSecurityValidation(), config.WithStrictIgnoredHeadersExtra(
			"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Access-Control-Allow-Origin",
			"Access-Control-Expose-Headers", "Vary"))
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

func TestTheOpenAPIDocumentIsOne(t *testing.T) {
	v, err := openAPIValidator()
	require.NoError(t, err)
	ok, problems := v.ValidateDocument()
	require.True(t, ok, "%v", problems)
}

// checkExchange holds a real answer against the document: its status, headers and body must be
// there, and nothing in the body that is not. Of what no operation can describe (a path or method
// that is not there, and preflights) only the problem is checked, by answer.problem.
func checkExchange(t testing.TB, r *http.Request, response *http.Response, text []byte) {
	t.Helper()
	if response.StatusCode == http.StatusMethodNotAllowed || !describes(r) {
		return
	}
	v, err := openAPIValidator()
	require.NoError(t, err)
	copied := *response
	copied.Body = io.NopCloser(bytes.NewReader(text))
	if ok, problems := v.ValidateHttpResponse(r, &copied); !ok {
		var all []string
		for _, p := range problems {
			line := p.Message + ": " + p.Reason
			for _, schema := range p.SchemaValidationErrors {
				line += fmt.Sprintf("; %s at %s", schema.Reason, schema.FieldPath)
			}
			all = append(all, line)
		}
		t.Errorf("%s %s → %d is not as described:\n%s\n%s", r.Method, r.URL.Path, response.StatusCode,
			strings.Join(all, "\n"), shorten(string(text)))
	}
}

// describes reports whether the document has the request's operation.
func describes(r *http.Request) bool {
	return slices.ContainsFunc(routes, func(one route) bool {
		if one.method != r.Method && (one.method != anyMethod || !slices.Contains(knownMethods, r.Method)) {
			return false
		}
		pattern, path := strings.Split(documented(one.pattern), "/"), strings.Split(r.URL.EscapedPath(), "/")
		for i, part := range pattern {
			if len(path) != len(pattern) || part != path[i] && !strings.HasPrefix(part, "{") {
				return false
			}
		}
		return true
	})
}

// A check that finds nothing wrong with anything is none: these are wrong answers.
func TestTheCheckOfAnswersSeesWhatIsNotDescribed(t *testing.T) {
	for name, wrong := range map[string]struct {
		status int
		body   string
		typ    string
	}{
		"a status":          {418, `{}`, "application/json"},
		"a missing field":   {200, `{"ticket":"x"}`, "application/json"},
		"a wrong value":     {200, `{"ticket":"x","expires_in":31}`, "application/json"},
		"a field too many":  {200, `{"ticket":"x","expires_in":30,"more":1}`, "application/json"},
		"a media type":      {200, `ticket`, "text/plain"},
		"a wrong problem":   {401, `{"type":"x"}`, "application/problem+json"},
		"an unlisted error": {413, `{}`, "application/problem+json"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest("POST", "http://hotseat.test/v1/ws-ticket", nil)
			require.NoError(t, err)
			response := &http.Response{StatusCode: wrong.status, Header: http.Header{
				"Content-Type": {wrong.typ}, "X-Request-Id": {"r"}, "Www-Authenticate": {"Bearer"},
			}}
			seen := &recorder{TB: t}
			checkExchange(seen, r, response, []byte(wrong.body))
			require.True(t, seen.failed)
		})
	}
}

// recorder notes a failure instead of failing.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
