package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/session"
)

// The keys and the password of the tests. They are canaries too: see secrets_test.go.
const (
	serviceKey  = "service-canary-0001"
	adminKey    = "admin-canary-000001"
	adaPassword = "ada's canary password"
	testIssuer  = "http://hotseat.test"
)

// cheap makes argon2id quick: what the rules do with it is not a matter of its costs.
var cheap = password.Params{Memory: 64, Time: 1, Threads: 1}

// bench is a running API in a world.
type bench struct {
	testing.TB
	*world
	api    *API
	server *httptest.Server
	keys   *memoryKeys
	ring   *token.Keys
	pool   *password.Pool
	log    *logBuffer
	hub    *hub.Hub
}

// start runs an API; change, if not nil, adjusts its options.
func start(t testing.TB, change func(*Options)) *bench {
	t.Helper()
	b := &bench{TB: t, world: newWorld(), keys: &memoryKeys{}, log: &logBuffer{}, pool: password.New(password.Options{Params: cheap})}
	var err error
	b.ring, err = token.NewKeys(context.Background(), token.KeysOptions{Store: b.keys, Clock: b.world})
	require.NoError(t, err)
	tokens, err := token.New(token.Options{
		Keys: b.ring, Clock: b.world, Issuer: testIssuer, Secret: []byte(strings.Repeat("canary-of-the-server", 2)),
	})
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	b.hub, err = hub.New(hub.Options{
		Node: "n1/boot", Gate: noSockets{}, Owners: owners{b.world}, Ended: b.world, Now: b.world.Now, Registerer: registry,
	})
	require.NoError(t, err)
	b.tell = b.hub.Tell
	o := Options{
		Employees: b.world, Rows: b.world, Profiles: b.world, View: b.world, Sockets: b.world, Clock: b.world,
		Subscriptions: b.hub, PollWait: 20 * time.Millisecond,
		Tokens: tokens, Keys: b.ring, Passwords: b.pool,
		ServiceKeys: []NamedKey{{Name: "shop", Secret: serviceKey}}, AdminKeys: []NamedKey{{Name: "ops", Secret: adminKey}},
		Log:        slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Registerer: registry, Gatherer: registry,
	}
	if change != nil {
		change(&o)
	}
	b.api, err = New(o)
	require.NoError(t, err)
	b.server = httptest.NewUnstartedServer(nil)
	b.server.Config = NewServer(b.api.Handler(), o.Log)
	b.server.Start()
	t.Cleanup(b.server.Close)
	t.Cleanup(b.server.CloseClientConnections)
	return b
}

// owners are the world's employees, as the hub asks them.
type owners struct{ world *world }

func (o owners) Attach(_ context.Context, key session.Key, a session.Attach, done func(session.Reply, error)) {
	done(o.world.step(key, a))
}

func (o owners) Detach(key session.Key, s session.Socket) {
	_, _ = o.world.step(key, session.Detach{Socket: s}) // as the real ones: nobody hears of it
}

// noSockets is a gate that nobody comes to: sockets have tests of their own.
type noSockets struct{}

func (noSockets) Admit(context.Context, *hub.Request) hub.Verdict { return hub.Verdict{Status: 404} }

func (noSockets) Authenticate(context.Context, *hub.Request, string) hub.Verdict {
	return hub.Verdict{Close: hub.CloseBadToken}
}

// hire makes an employee with the tests' password.
func (b *bench) hire(id string) {
	b.Helper()
	hash, err := b.pool.Hash(context.Background(), adaPassword)
	require.NoError(b, err)
	first, last := "Ada", "Lovelace"
	_, err = b.Do(context.Background(), session.EmployeeID(id).Key(), session.Create{
		Employee: session.EmployeeID(id),
		Profile:  session.ProfilePatch{Username: &id, FirstName: &first, LastName: &last, PasswordHash: &hash},
	})
	require.NoError(b, err)
}

// answer is what came back.
type answer struct {
	testing.TB
	*http.Response
	text []byte
}

// request is one exchange to be made.
type request struct {
	method, path, bearer, body string
	header                     http.Header
}

// send makes the exchange and holds the answer against the OpenAPI document.
func (b *bench) send(q request) *answer {
	b.Helper()
	if q.method == "" {
		q.method = "GET"
	}
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	r, err := http.NewRequest(q.method, b.server.URL+q.path, body)
	require.NoError(b, err)
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.body != "" && r.Header["Content-Type"] == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+q.bearer)
	}
	response, err := b.server.Client().Do(r)
	require.NoError(b, err)
	defer func() { _ = response.Body.Close() }()
	var text []byte
	if response.Header.Get("Content-Type") != "text/event-stream" { // which has no end; streams are read by open
		text, err = io.ReadAll(response.Body)
	}
	require.NoError(b, err)
	checkExchange(b, r, response, text)
	return &answer{TB: b, Response: response, text: text}
}

func (b *bench) get(path, bearer string) *answer { return b.send(request{path: path, bearer: bearer}) }

func (b *bench) post(path, bearer, body string) *answer {
	b.Helper()
	return b.send(request{method: "POST", path: path, bearer: bearer, body: body})
}

// is checks the status and answers the body as an object.
func (a *answer) is(status int) map[string]any {
	a.Helper()
	require.Equal(a, status, a.StatusCode, "%s %s: %s", a.Request.Method, a.Request.URL.Path, a.text)
	var object map[string]any
	if len(a.text) > 0 {
		require.NoError(a, json.Unmarshal(a.text, &object), "%s", a.text)
	}
	return object
}

// problem checks that the answer is this problem and answers it.
func (a *answer) problem(status int, code string) map[string]any {
	a.Helper()
	object := a.is(status)
	require.Equal(a, code, object["code"], "%s", a.text)
	require.Equal(a, "application/problem+json", a.Header.Get("Content-Type"))
	require.Equal(a, "urn:hotseat:problem:"+code, object["type"])
	require.Equal(a, float64(status), object["status"])
	require.NotEmpty(a, object["title"], "code %s has no title", code)
	require.NotEmpty(a, object["detail"])
	require.Equal(a, a.Header.Get("X-Request-Id"), object["request_id"])
	require.Equal(a, status == 429 || status == 503, a.Header.Get("Retry-After") != "")
	require.Equal(a, status == 401, strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") && status != 403)
	return object
}

// grant is a successful login's or refresh's answer.
func (a *answer) grant() grantView {
	a.Helper()
	a.is(http.StatusOK)
	var g grantView
	require.NoError(a, json.Unmarshal(a.text, &g))
	require.Equal(a, "no-store", a.Header.Get("Cache-Control"))
	return g
}

// login logs ada in at a terminal.
func (b *bench) login(terminal string) grantView {
	b.Helper()
	return b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`","terminal_id":"`+terminal+`"}`).grant()
}

// memoryKeys is a token.KeyStore.
type memoryKeys struct {
	mu   sync.Mutex
	keys []token.Key
}

func (m *memoryKeys) SigningKeys(context.Context) ([]token.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]token.Key(nil), m.keys...), nil
}

func (m *memoryKeys) AddSigningKey(_ context.Context, key token.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys = slices.DeleteFunc(m.keys, func(k token.Key) bool { return k.KID == key.KID })
	m.keys = append(m.keys, key)
	return nil
}

// logBuffer collects what is logged; any goroutine may write.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
