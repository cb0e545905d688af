package push_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/relay/push"
	"github.com/hotseat-hub/hotseat/persistence/relay/webhook"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// shop is a receiver that checks signatures as Standard Webhooks says, and notes what it takes.
type shop struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(id string) int // nil or 0: 204
	taken  []string            // event ids in order
	calls  int
	bad    []string
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var event struct{ ID string }
	_ = json.Unmarshal(body, &event)
	key, _ := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("webhook-signature") != want {
		s.bad = append(s.bad, event.ID)
	}
	status := http.StatusNoContent
	if s.answer != nil {
		if other := s.answer(event.ID); other != 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(other)
			_, _ = w.Write([]byte("no\x1b[31m thanks"))
			return
		}
	}
	s.taken = append(s.taken, event.ID)
	w.WriteHeader(status)
}

func (s *shop) set(answer func(id string) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// of are the ids of one employee's events that were taken, in order.
func (s *shop) of(employee string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.taken {
		if who, _, _, err := relay.ParseID(id); err == nil && string(who) == employee {
			ids = append(ids, id)
		}
	}
	return ids
}

// letters is where dead ones go.
type letters struct {
	mu  sync.Mutex
	all []store.DeadLetter
}

func (l *letters) AddDeadLetter(_ context.Context, letter store.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(one store.DeadLetter) bool {
		return one.Receiver == letter.Receiver && one.EventID == letter.EventID
	})
	l.all = append(l.all, letter)
	return nil
}

func sink(t *testing.T, s *shop, dead *letters, change func(*push.Options)) *push.Sink {
	t.Helper()
	protocol, err := webhook.New(secret, nil)
	require.NoError(t, err)
	o := push.Options{
		Name: "shop", URL: s.URL, Protocol: protocol, Dead: dead,
		Client: outbound.New(outbound.Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}),
	}
	if change != nil {
		change(&o)
	}
	made := push.New(o)
	t.Cleanup(made.Close)
	return made
}

func page(employees ...string) (events []relay.Event) {
	for epoch := 1; epoch <= 5; epoch++ {
		for _, employee := range employees {
			events = append(events, relay.Encode("https://hub.example", session.Event{
				Type: session.Started, Employee: session.EmployeeID(employee), Epoch: session.Epoch(epoch), N: 1,
			}))
		}
	}
	return events
}

func ids(employee string) (want []string) {
	for epoch := 1; epoch <= 5; epoch++ {
		want = append(want, fmt.Sprintf("%s/%d/1", employee, epoch))
	}
	return want
}

func TestEveryEventArrivesSignedAndInItsEmployeesOrder(t *testing.T) {
	s, dead := open(t), &letters{}
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("e%02d", i))
	}
	require.NoError(t, sink(t, s, dead, nil).Deliver(t.Context(), page(names...), nil))
	for _, name := range names {
		require.Equal(t, ids(name), s.of(name))
	}
	require.Empty(t, s.bad)
	require.Empty(t, dead.all)
}

// A receiver that is down is asked by few, and nobody's event overtakes another of the same employee.
// What had arrived is not sent again.
func TestAReceiverThatFailsGetsTheRestLater(t *testing.T) {
	s, dead := open(t), &letters{}
	made, events, n := sink(t, s, dead, nil), page("ada", "bea", "cleo"), 0
	s.set(func(string) int {
		if n++; n > 6 {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	err := made.Deliver(t.Context(), events, nil)
	require.ErrorContains(t, err, "receiver shop: answered 503 Service Unavailable: no [31m thanks")
	var later interface{ RetryAfter() time.Duration }
	require.ErrorAs(t, err, &later)
	require.Equal(t, time.Second, later.RetryAfter())
	require.LessOrEqual(t, s.calls, 6+3, "those under way")
	s.set(nil)
	require.NoError(t, made.Deliver(t.Context(), events, nil))
	for _, name := range []string{"ada", "bea", "cleo"} {
		require.Equal(t, ids(name), s.of(name), "each once")
	}
}

// One event that is refused again and again becomes a dead letter; what is behind it goes on.
func TestAnEventThatIsRefusedBecomesADeadLetter(t *testing.T) {
	s, dead := open(t), &letters{}
	made, events := sink(t, s, dead, nil), page("ada", "bea")
	s.set(func(id string) int {
		if id == "ada/2/1" {
			return http.StatusUnprocessableEntity
		}
		return 0
	})
	for range 4 {
		require.Error(t, made.Deliver(t.Context(), events, nil))
		require.Equal(t, ids("bea"), s.of("bea"), "nobody else waits")
		require.Equal(t, []string{"ada/1/1"}, s.of("ada"), "the employee's own do")
	}
	require.NoError(t, made.Deliver(t.Context(), events, nil))
	require.Equal(t, slices.Delete(ids("ada"), 1, 2), s.of("ada"))
	require.Len(t, dead.all, 1)
	letter := dead.all[0]
	require.Equal(t, []string{"shop", "ada/2/1", "answered 422 Unprocessable Entity: no [31m thanks"}, []string{letter.Receiver, letter.EventID, letter.Why})
	require.JSONEq(t, string(events[2].Structured()), string(letter.Event))
}

// 401, 404, 429 and their like are about the receiver, not about an event.
func TestAMisconfiguredReceiverMakesNoDeadLettersUntilTheTimeIsUp(t *testing.T) {
	s, dead, now := open(t), &letters{}, time.Now()
	made := sink(t, s, dead, func(o *push.Options) { o.Now = func() time.Time { return now }; o.GiveUp = time.Hour; o.Workers = 1 })
	s.set(func(string) int { return http.StatusUnauthorized })
	for range 20 {
		require.Error(t, made.Deliver(t.Context(), page("ada"), nil))
	}
	require.Empty(t, dead.all)
	now = now.Add(time.Hour)
	require.Error(t, made.Deliver(t.Context(), page("ada"), nil))
	require.Len(t, dead.all, 1, "the one that was tried for an hour")
}

// marks are those of a store.
type marks struct {
	all  map[string]store.LogPosition
	sets int
	away error
}

func (m *marks) Mark(_ context.Context, name string) (store.LogPosition, error) {
	return m.all[name], m.away
}

// keep implements relay.Keep, in a term that lasts.
func (m *marks) keep(_ context.Context, name string, at store.LogPosition) error {
	m.all[name], m.sets = at, m.sets+1
	return nil
}

// The node that carries events is restarted every day, and another leads: an event that has failed for three
// days is given up all the same, and none before its time.
func TestTheTimeAnEventFailsIsCountedAcrossTerms(t *testing.T) {
	s, dead, now, kept := open(t), &letters{}, time.Now(), &marks{all: map[string]store.LogPosition{}}
	s.set(func(string) int { return http.StatusServiceUnavailable })
	events := page("ada")
	term := func(attempts int) {
		made := sink(t, s, dead, func(o *push.Options) { o.Now = func() time.Time { return now }; o.Workers = 1; o.Marks = kept })
		for range attempts {
			require.Error(t, made.Deliver(t.Context(), events, kept.keep))
		}
		made.Close()
	}
	for day := range 3 {
		term(5)
		require.Empty(t, dead.all, "day %d", day)
		now = now.Add(24 * time.Hour)
	}
	sets := kept.sets
	term(5)
	require.Len(t, dead.all, 1)
	require.Equal(t, "ada/1/1", dead.all[0].EventID)
	require.Equal(t, 1, sets, "written when it changes")
	now = now.Add(71 * time.Hour)
	term(1)
	require.Len(t, dead.all, 1, "the next one failed first when the one before it was given up")
	now = now.Add(time.Hour)
	term(1)
	require.Len(t, dead.all, 2)
	events = page("bea")
	term(1)
	require.NotContains(t, kept.all["relay-failing/shop"], "ada", "what is behind is forgotten")
	require.Contains(t, kept.all["relay-failing/shop"], "bea/1/1")
}

// The store is away when an event first fails in a term: the time before the term is counted all the same.
func TestTheTimeAnEventFailsIsCountedThoughItCannotBeReadAtFirst(t *testing.T) {
	s, dead, now, kept := open(t), &letters{}, time.Now(), &marks{all: map[string]store.LogPosition{}}
	s.set(func(string) int { return http.StatusServiceUnavailable })
	began := func() *push.Sink {
		return sink(t, s, dead, func(o *push.Options) { o.Now = func() time.Time { return now }; o.Workers = 1; o.Marks = kept })
	}
	require.Error(t, began().Deliver(t.Context(), page("ada"), kept.keep))
	now = now.Add(48 * time.Hour)
	made := began()
	kept.away = session.ErrUnavailable
	require.Error(t, made.Deliver(t.Context(), page("ada"), kept.keep))
	kept.away = nil
	require.Error(t, made.Deliver(t.Context(), page("ada"), kept.keep))
	require.Empty(t, dead.all)
	now = now.Add(24 * time.Hour)
	require.Error(t, made.Deliver(t.Context(), page("ada"), kept.keep))
	require.Len(t, dead.all, 1, "after three days")
	require.Equal(t, "ada/1/1", dead.all[0].EventID)
}

// The next term gets the page again: what was given up in the last is asked about once.
func TestAnEventThatWasGivenUpForRefusalsIsNotRefusedFiveTimesMore(t *testing.T) {
	s, dead, kept := open(t), &letters{}, &marks{all: map[string]store.LogPosition{}}
	s.set(func(id string) int {
		switch id {
		case "ada/2/1":
			return http.StatusUnprocessableEntity
		case "ada/3/1":
			return http.StatusServiceUnavailable
		}
		return 0
	})
	began := func() *push.Sink { return sink(t, s, dead, func(o *push.Options) { o.Workers = 1; o.Marks = kept }) }
	made := began()
	for range 5 {
		require.Error(t, made.Deliver(t.Context(), page("ada"), kept.keep))
	}
	require.Len(t, dead.all, 1)
	made = began()
	require.ErrorContains(t, made.Deliver(t.Context(), page("ada"), kept.keep), "answered 503", "it is behind the refused one at once")
	require.Len(t, dead.all, 1, "the same letter")
	s.set(nil)
	require.NoError(t, made.Deliver(t.Context(), page("ada"), kept.keep))
}

func TestARelayThatStopsStopsADelivery(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.set(func(string) int { cancel(); return http.StatusServiceUnavailable })
	require.ErrorIs(t, sink(t, s, &letters{}, nil).Deliver(ctx, page("ada"), nil), context.Canceled)
}
