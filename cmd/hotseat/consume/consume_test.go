package consume

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/kafka"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 20 * time.Second

// hub is a server as far as the enforcer asks it: by idempotency key, with times.
type hub struct {
	mu       sync.Mutex
	sessions map[string]client.Session
	keys     map[string]string
	logins   []client.TrustedLoginRequest
	away     error
	now      time.Time
}

func newHub() *hub {
	return &hub{sessions: map[string]client.Session{}, keys: map[string]string{}, now: time.Now()}
}

func (h *hub) Sessions(_ context.Context, employee string) (*client.SessionList, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away != nil {
		return nil, h.away
	}
	s, ok := h.sessions[employee]
	if !ok {
		return nil, &client.Problem{Status: http.StatusNotFound, Code: "not_found"}
	}
	return &client.SessionList{Sessions: []client.Session{s}}, nil
}

func (h *hub) TrustedLogin(_ context.Context, r client.TrustedLoginRequest) (*client.Login, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Employee == "locked" {
		return nil, &client.Problem{Status: 423, Code: "employee_locked"}
	}
	if _, seen := h.keys[r.IdempotencyKey]; !seen {
		h.logins = append(h.logins, r)
		h.keys[r.IdempotencyKey] = r.Employee
		h.sessions[r.Employee] = client.Session{Employee: r.Employee, Terminal: r.Terminal, ExternalID: r.ExternalID, UserAgent: r.UserAgent, CreatedAt: h.now}
	}
	return &client.Login{Session: h.sessions[r.Employee]}, h.away
}

func (h *hub) set(change func(*hub)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
}

func (h *hub) made() []client.TrustedLoginRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]client.TrustedLoginRequest(nil), h.logins...)
}

var secret = []byte("a secret of sixteen and more")

// login is a started event of another system, signed.
func login(employee string, epoch int, at time.Time) *kgo.Record {
	e := relay.Encode("https://other.example", session.Event{
		Type: session.Started, Employee: session.EmployeeID(employee), Epoch: session.Epoch(epoch), N: 1, At: session.TimeOf(at),
		Session: session.Session{ID: session.ID{1, byte(epoch)}, Terminal: "till-9", Device: "Firefox"},
	})
	records, err := kafka.Signed(secret)(context.Background(), []relay.Event{e})
	if err != nil {
		panic(err)
	}
	return records[0]
}

func enforcer(h *hub, said *[]string) *Enforcer {
	return &Enforcer{
		Server: h, MaxAge: 10 * time.Minute, Own: "https://hub.example", Now: func() time.Time { return h.now },
		Said: func(e *Event, what string) { *said = append(*said, what) },
	}
}

func parse(t *testing.T, r *kgo.Record) *Event {
	t.Helper()
	e, err := Parse(r)
	require.NoError(t, err)
	return &e
}

func TestALoginElsewhereTakesOverOnceHoweverOftenItComes(t *testing.T) {
	h, said := newHub(), []string{}
	f := enforcer(h, &said)
	h.sessions["ada"] = client.Session{Employee: "ada", CreatedAt: h.now.Add(-time.Hour)}
	r := login("ada", 7, h.now.Add(-time.Second))
	for range 3 {
		require.NoError(t, f.Handle(t.Context(), parse(t, r)))
	}
	require.Len(t, h.made(), 1)
	made := h.made()[0]
	require.Equal(t, "till-9", made.Terminal)
	require.Equal(t, "Firefox", made.Device)
	require.Equal(t, session.ID{1, 7}.String(), made.ExternalID)
	require.True(t, made.Override)
	require.Equal(t, []string{"skipped: seen already", "skipped: seen already"}, said[1:])
}

// The consumer was away while somebody logged in twice elsewhere, and gets the two in any order, again and
// again: the later one sits here in the end, though the session here began after both.
func TestOfLoginsThatHadToWaitTheLatestSitsHere(t *testing.T) {
	const first, second = time.Minute, time.Second
	epochs := map[time.Duration]int{first: 1, second: 2}
	for _, ages := range [][]time.Duration{{first, second}, {second, first}, {first, first, second, first, second}} {
		h, said := newHub(), []string{}
		f := enforcer(h, &said)
		for _, age := range ages {
			require.NoError(t, f.Handle(t.Context(), parse(t, login("ada", epochs[age], h.now.Add(-age)))))
		}
		require.Equal(t, session.ID{1, 2}.String(), h.sessions["ada"].ExternalID)
	}
}

// Nobody can make his own session here look later than it is.
func TestAUserAgentAloneSaysNothingOfASessionsAge(t *testing.T) {
	h, said := newHub(), []string{}
	f := enforcer(h, &said)
	for n, external := range []string{"", "kc-1"} { // a backend passes the user agent on, with a session of its own
		employee := fmt.Sprintf("ada-%d", n)
		h.sessions[employee] = client.Session{
			Employee: employee, UserAgent: broughtBy + "2099-01-01T00:00:00Z", ExternalID: external, CreatedAt: h.now.Add(-time.Minute),
		}
		require.NoError(t, f.Handle(t.Context(), parse(t, login(employee, 7, h.now.Add(-time.Second)))))
		require.Len(t, h.made(), n+1)
	}
}

func TestWhatIsOldOrOwnEndsNothing(t *testing.T) {
	h, said := newHub(), []string{}
	f := enforcer(h, &said)
	f.Source = "https://other.example"
	h.sessions["ada"] = client.Session{Employee: "ada", CreatedAt: h.now.Add(-time.Minute)}
	require.NoError(t, f.Handle(t.Context(), parse(t, login("ada", 7, h.now.Add(-2*time.Minute)))), "the session here began later")
	require.NoError(t, f.Handle(t.Context(), parse(t, login("bea", 7, h.now.Add(-time.Hour)))))
	own := parse(t, login("ada", 8, h.now))
	own.Source = f.Own
	require.NoError(t, f.Handle(t.Context(), own))
	stranger := parse(t, login("ada", 8, h.now))
	stranger.Source = "https://stranger.example"
	require.NoError(t, f.Handle(t.Context(), stranger))
	ended := parse(t, login("ada", 8, h.now))
	ended.Type = session.Ended.String()
	require.NoError(t, f.Handle(t.Context(), ended))
	require.Empty(t, h.made())
	require.Equal(t, []string{
		"skipped: older than the session here", "skipped: older than --max-age", "skipped: it is this server's own", "skipped: it is of another source",
	}, said)
}

// Each is what a forger, or a broken producer, would write.
func TestForgedAndBrokenEventsArePoison(t *testing.T) {
	h, said := newHub(), []string{}
	f := enforcer(h, &said)
	f.Secret = secret
	good := func() *kgo.Record { return login("ada", 7, h.now) }
	with := func(key, value string) *kgo.Record {
		r := good()
		for i := range r.Headers {
			if r.Headers[i].Key == key {
				r.Headers[i].Value = []byte(value)
			}
		}
		return r
	}
	data := func(old, new string) *kgo.Record {
		r := good()
		r.Value = []byte(strings.Replace(string(r.Value), old, new, 1))
		return r
	}
	flat := func(text string) *kgo.Record { return &kgo.Record{Topic: "pos-events", Value: []byte(text)} }
	unsigned := with(kafka.SignatureHeader, "")
	for name, r := range map[string]*kgo.Record{
		"no signature":           unsigned,
		"a wrong signature":      with(kafka.SignatureHeader, "v1,AAAA"),
		"another subject":        with("ce_subject", "grace"),
		"another id":             with("ce_id", "ada/8/1"),
		"another type":           with("ce_type", "hotseat.session.ended.v1"),
		"another time":           with("ce_time", session.TimeOf(h.now.Add(time.Second)).String()),
		"another source":         with("ce_source", "https://hub.example"),
		"another terminal":       data("till-9", "till-1"),
		"of the future":          login("ada", 7, h.now.Add(time.Hour)),
		"a flat one, unsigned":   flat(fmt.Sprintf(`{"event_type":"EMPLOYEE_LOGIN","employee_id":"ada","timestamp":%q}`, h.now.Format(time.RFC3339))),
		"no JSON":                flat(`ada`),
		"no type":                flat(`{"employee_id":"ada","timestamp":"2026-01-01T00:00:00Z"}`),
		"no time":                with("ce_time", "yesterday"),
		"another version":        with("ce_specversion", "2.0"),
		"no data":                data(`{`, ``),
		"huge":                   flat(strings.Repeat("x", maxRecord+1)),
		"a bad employee":         login("ada\x00", 7, h.now),
		"a bad terminal":         data("till-9", "till 9"),
		"structured, no JSON":    {Headers: []kgo.RecordHeader{{Key: "content-type", Value: []byte("application/cloudevents+json")}}, Value: []byte("x")},
		"two different subjects": data(`"employee_id":"ada"`, `"employee_id":"bea"`),
	} {
		e, err := Parse(r)
		if err == nil {
			err = f.Handle(t.Context(), &e)
		}
		require.ErrorIs(t, err, errPoison, name)
	}
	require.Empty(t, h.made())
	require.NoError(t, f.Handle(t.Context(), parse(t, good())))
	require.Len(t, h.made(), 1, "the honest one")
	f.Secret = nil
	require.ErrorIs(t, f.Handle(t.Context(), parse(t, login("locked", 1, h.now))), errPoison)
}

func TestTheOriginalsEventsAreUnderstood(t *testing.T) {
	r := &kgo.Record{Topic: "pos-events", Partition: 2, Offset: 5, Value: []byte(
		`{"event_type":"EMPLOYEE_LOGIN","employee_id":17,"employee_username":"ada","terminal_id":"0b9a","timestamp":"2026-03-01T09:30:00.123456"}`)}
	e := parse(t, r)
	require.Equal(t, "pos-events/2/5", e.ID)
	require.Equal(t, "17", e.Employee)
	require.True(t, e.IsLogin())
	require.Equal(t, "2026-03-01T09:30:00.123456Z", e.At.Format(time.RFC3339Nano))
	h, said := newHub(), []string{}
	h.now = e.At
	f := enforcer(h, &said)
	f.ByUsername = true
	require.NoError(t, f.Handle(t.Context(), e))
	require.Equal(t, "ada", h.made()[0].Employee)
}

// The original's producer tries again when it did not hear that a record was written.
func TestAFlatEventThatWasWrittenTwiceTakesOverOnce(t *testing.T) {
	h, said := newHub(), []string{}
	f := enforcer(h, &said)
	at := func(offset int64, terminal string) *Event {
		return parse(t, &kgo.Record{Topic: "pos-events", Offset: offset, Value: fmt.Appendf(nil,
			`{"event_type":"EMPLOYEE_LOGIN","employee_id":"ada","terminal_id":%q,"timestamp":%q}`, terminal, h.now.Format("2006-01-02T15:04:05.000000"))})
	}
	h.now = time.Now().UTC().Truncate(time.Microsecond)
	require.NoError(t, f.Handle(t.Context(), at(1, "till-1")))
	require.NoError(t, f.Handle(t.Context(), at(2, "till-1")))
	require.Len(t, h.made(), 1)
	require.Equal(t, "skipped: seen already", said[1])
	require.NoError(t, f.Handle(t.Context(), at(3, "till-2")))
	require.Len(t, h.made(), 2, "another login at the same moment")
}

// named calls everybody by the id.
type named struct{}

func (named) Username(_ context.Context, id session.EmployeeID) (string, error) {
	return string(id), nil
}

// Under --compat-pos the hub writes its logins, those that it made of the original's among them, to the
// topic that it enforces. Without a source each would be the next one's cause.
func TestTheHubsOwnFlatEventsEndNothing(t *testing.T) {
	h, said := newHub(), []string{}
	f := enforcer(h, &said)
	for source, made := range map[string]int{f.Own: 0, "https://other.example": 1} {
		records, err := kafka.POS(named{})(t.Context(), []relay.Event{relay.Encode(source, session.Event{
			Type: session.Started, Employee: "ada", Epoch: 7, N: 1, At: session.TimeOf(h.now), Session: session.Session{ID: session.ID{1}, Terminal: "till-9"},
		})})
		require.NoError(t, err)
		h.logins, said = nil, nil
		e := parse(t, records[0])
		require.True(t, e.IsFlat())
		require.Equal(t, source, e.Source)
		require.NoError(t, f.Handle(t.Context(), e))
		require.Len(t, h.made(), made, "%s: %v", source, said)
	}
}
