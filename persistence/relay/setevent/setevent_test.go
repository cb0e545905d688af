package setevent_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/relay/setevent"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signer makes what looks like a JWT and can be read.
type signer struct{ fail error }

func (s *signer) SignAs(typ string, claims any) (string, error) {
	header, _ := json.Marshal(map[string]string{"typ": typ})
	body, err := json.Marshal(claims)
	b64 := base64.RawURLEncoding.EncodeToString
	return b64(header) + "." + b64(body) + ".c2ln", errors.Join(err, s.fail)
}

func claimsOf(t *testing.T, token string) string {
	t.Helper()
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"typ":"secevent+jwt"}`, string(header))
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	return string(body)
}

func TestAnEndingIsOneTokenWithOneEvent(t *testing.T) {
	e := relay.Encode("https://hub.example", session.Event{
		Type: session.Terminated, Reason: session.ReasonNewLogin, Employee: "ada", Epoch: 2, N: 1, At: 1_750_000_000_123, Session: session.Session{ID: session.ID{1}},
	})
	p := &setevent.Push{Signer: &signer{}, Audience: "https://idp.example", Authorization: "Bearer abc"}
	header, body, wanted, err := p.Request(&e, time.Unix(1_750_000_001, 0))
	require.NoError(t, err)
	require.True(t, wanted)
	require.Equal(t, "application/secevent+jwt", header.Get("Content-Type"))
	require.Equal(t, "Bearer abc", header.Get("Authorization"))
	require.JSONEq(t, `{"iss":"https://hub.example","aud":"https://idp.example","iat":1750000001,"jti":"`+relay.TokenID("set", "https://idp.example", "ada/2/1")+`",
		"sub_id":{"format":"complex","session":{"format":"opaque","id":"01000000-0000-0000-0000-000000000000"},"user":{"format":"iss_sub","iss":"https://hub.example","sub":"ada"}},
		"events":{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1750000000,"initiating_entity":"user","reason_admin":{"en":"new_login"}}}}`,
		claimsOf(t, string(body)))
	started := relay.Encode("x", session.Event{Type: session.Started, Employee: "ada"})
	_, _, wanted, err = p.Request(&started, time.Now())
	require.NoError(t, err)
	require.False(t, wanted)
}

func TestOnlyAnInvalidRequestIsAboutTheToken(t *testing.T) {
	p := &setevent.Push{}
	for body, refuses := range map[string]bool{
		`{"err":"invalid_request"}`: true, `{"err":"invalid_key"}`: false, `{"err":"invalid_issuer"}`: false,
		`{"err":"invalid_audience"}`: false, `{"err":"authentication_failed"}`: false, `{"err":"access_denied"}`: false, `<html>`: true,
	} {
		require.Equal(t, refuses, p.Refuses(&outbound.Answer{Status: 400, Body: []byte(body)}), body)
	}
	require.False(t, p.Refuses(&outbound.Answer{Status: 401}))
}

// transmitter is one over a real store, with a polled and a pushed stream.
type transmitter struct {
	t      *testing.T
	store  *embedded.Store
	server *httptest.Server
	pushed chan string
	seat   *storetest.Seat
}

func serve(t *testing.T, s *embedded.Store, wait time.Duration) *transmitter {
	t.Helper()
	x := &transmitter{t: t, store: s, pushed: make(chan string, 1), seat: storetest.NewSeat("ada")}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		x.pushed <- r.Header.Get("Authorization") + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(receiver.Close)
	client := outbound.New(outbound.Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	t.Cleanup(client.Close)
	made := setevent.NewTransmitter(setevent.Options{
		Issuer: "https://hub.example", BaseURL: "https://hub.example", Log: s, Signer: &signer{}, PollWait: wait,
		Streams: []setevent.Stream{
			{Name: "poller", Audience: "poller", Method: setevent.ByPoll, Authorization: "Bearer poll-secret"},
			{Name: "pusher", Audience: "pusher", Method: setevent.ByPush, URL: receiver.URL, Authorization: "Bearer push-secret", Client: client},
		},
	})
	require.NoError(t, made.Begin(t.Context()))
	x.server = httptest.NewServer(made)
	t.Cleanup(x.server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return x
}

func openStore(t *testing.T) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(t.Context(), t.TempDir(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func (x *transmitter) logins(n int) {
	for range n {
		(storetest.Subject{Store: x.store, T: x.t}).Login(x.seat)
	}
}

func (x *transmitter) send(method, path, secret, body string) (int, string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), method, x.server.URL+path, bytes.NewReader([]byte(body)))
	require.NoError(x.t, err)
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(x.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(x.t, err)
	return response.StatusCode, string(text)
}

type polled struct {
	Sets          map[string]string
	MoreAvailable bool
}

func (x *transmitter) poll(body string) (p polled) {
	x.t.Helper()
	status, text := x.send("POST", "/ssf/poll/poller", "poll-secret", body)
	require.Equal(x.t, 200, status, text)
	require.NoError(x.t, json.Unmarshal([]byte(text), &p))
	return p
}

func (x *transmitter) mark() store.LogPosition {
	x.t.Helper()
	at, err := x.store.Mark(x.t.Context(), store.HoldPrefix+"poller")
	require.NoError(x.t, err)
	return at
}

func keys(sets map[string]string) (ids []string) {
	for id := range sets {
		ids = append(ids, id)
	}
	return ids
}

func ack(p polled, more string) string {
	text, _ := json.Marshal(keys(p.Sets))
	return `{"ack":` + string(text) + more + `}`
}

func TestAPolledStreamRepeatsWhatIsNotAcknowledgedAndForgetsTheRest(t *testing.T) {
	x := serve(t, openStore(t), time.Second)
	x.logins(6) // five endings
	first := x.poll(`{"maxEvents":2,"returnImmediately":true}`)
	require.Len(t, first.Sets, 2)
	require.True(t, first.MoreAvailable)
	for id, token := range first.Sets {
		require.Contains(t, claimsOf(t, token), id)
	}
	require.Equal(t, first, x.poll(`{"maxEvents":2,"returnImmediately":true}`), "not acknowledged: the same again")
	before := x.mark()
	require.Empty(t, x.poll(ack(first, `,"maxEvents":0`)).Sets, "only acknowledges")
	rest := x.poll(`{"returnImmediately":true}`)
	require.Len(t, rest.Sets, 3)
	require.False(t, rest.MoreAvailable)
	behind := x.mark()
	require.NotEqual(t, before, behind, "the mark is behind what is acknowledged without a gap")
	refused := keys(rest.Sets)[0]
	delete(rest.Sets, refused)
	require.Empty(t, x.poll(ack(rest, `,"setErrs":{"`+refused+`":{"err":"invalid_request"}},"returnImmediately":true`)).Sets)
	require.NotEqual(t, behind, x.mark())
}

// The next node, or the next run, begins at the mark.
func TestAPolledStreamGoesOnAfterARestart(t *testing.T) {
	s := openStore(t)
	x := serve(t, s, time.Second)
	x.logins(4)
	first := x.poll(`{"returnImmediately":true}`)
	require.Len(t, first.Sets, 3)
	again := serve(t, s, time.Second)
	repeat := again.poll(`{"returnImmediately":true}`)
	require.ElementsMatch(t, keys(first.Sets), keys(repeat.Sets), "repeated under the same ids")
	require.Empty(t, again.poll(ack(repeat, `,"returnImmediately":true`)).Sets)
	x.logins(1)
	require.Len(t, serve(t, s, time.Second).poll(`{"returnImmediately":true}`).Sets, 1)
}

func TestALongPollHearsAnEndingAtOnceAndComesBackEmptyInTime(t *testing.T) {
	x := serve(t, openStore(t), 300*time.Millisecond)
	require.Empty(t, x.poll(`{}`).Sets)
	x.logins(1)
	heard := make(chan polled, 1)
	patient := serve(t, x.store, 20*time.Second)
	go func() { heard <- patient.poll(`{}`) }()
	x.logins(1)
	require.Len(t, (<-heard).Sets, 1)
}

func TestAStreamThatIsAwayForTooLongGoesOnFromThePresent(t *testing.T) {
	s, err := embedded.Open(t.Context(), t.TempDir(), store.Options{Retention: time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	x := serve(t, s, time.Second)
	x.logins(3)
	require.Eventually(t, func() bool {
		require.NoError(t, s.Maintain(t.Context()))
		page, err := s.ReadLog(t.Context(), "", 10)
		return err == nil && len(page.Events) == 0
	}, 20*time.Second, time.Millisecond)
	lost := func() store.LogPosition {
		at, err := s.Mark(t.Context(), "relay-lost/poller")
		require.NoError(t, err)
		return at
	}
	require.Empty(t, lost())
	require.Empty(t, x.poll(`{"returnImmediately":true}`).Sets)
	require.NotEmpty(t, lost(), "what the alarm is made of")
	x.logins(1)
	require.Len(t, x.poll(`{"returnImmediately":true}`).Sets, 1)
}

func TestAReceiverSeesItsOwnStreamOnly(t *testing.T) {
	x := serve(t, openStore(t), time.Second)
	for _, secret := range []string{"", "wrong", "poll-secret "} {
		for path, method := range map[string]string{"/ssf/streams": "GET", "/ssf/status": "GET", "/ssf/verify": "POST", "/ssf/poll/poller": "POST"} {
			status, text := x.send(method, path, secret, "{}")
			if secret == "poll-secret " { // spaces at the end of a header are not part of it
				continue
			}
			require.Equal(t, 401, status, path)
			require.Contains(t, text, "authentication_failed")
		}
	}
	status, _ := x.send("POST", "/ssf/poll/poller", "push-secret", "{}")
	require.Equal(t, 404, status)
	status, _ = x.send("POST", "/ssf/poll/pusher", "push-secret", "{}")
	require.Equal(t, 404, status, "it is pushed")
	status, text := x.send("GET", "/ssf/streams", "poll-secret", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `[{"stream_id":"poller","iss":"https://hub.example","aud":"poller",
		"delivery":{"method":"urn:ietf:rfc:8936","endpoint_url":"https://hub.example/ssf/poll/poller"},
		"events_supported":["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
		"events_requested":["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
		"events_delivered":["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],"min_verification_interval":0}]`, text)
	status, text = x.send("GET", "/ssf/streams?stream_id=pusher", "push-secret", "")
	require.Equal(t, 200, status)
	require.Contains(t, text, `"method":"urn:ietf:rfc:8935"`)
	status, _ = x.send("GET", "/ssf/streams?stream_id=pusher", "poll-secret", "")
	require.Equal(t, 404, status)
	status, text = x.send("GET", "/ssf/status", "poll-secret", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"stream_id":"poller","status":"enabled"}`, text)
}

func TestAStreamIsVerifiedByItsOwnWay(t *testing.T) {
	x := serve(t, openStore(t), time.Second)
	status, _ := x.send("POST", "/ssf/verify", "poll-secret", `{"stream_id":"poller","state":"s1"}`)
	require.Equal(t, 204, status)
	p := x.poll(`{"returnImmediately":true}`)
	require.Len(t, p.Sets, 1)
	require.Contains(t, claimsOf(t, p.Sets[keys(p.Sets)[0]]), `"sub_id":{"format":"opaque","id":"poller"},"events":{"https://schemas.openid.net/secevent/ssf/event-type/verification":{"state":"s1"}}`)
	require.Empty(t, x.poll(ack(p, `,"returnImmediately":true`)).Sets)

	status, _ = x.send("POST", "/ssf/verify", "push-secret", `{"stream_id":"pusher"}`)
	require.Equal(t, 204, status)
	authorization, token, _ := strings.Cut(strings.TrimPrefix(<-x.pushed, "Bearer "), " ")
	require.Equal(t, "push-secret", authorization)
	require.Contains(t, claimsOf(t, token), `event-type/verification":{}}`)
	status, _ = x.send("POST", "/ssf/verify", "push-secret", `{"stream_id":"poller"}`)
	require.Equal(t, 400, status)
}

func TestBadPollsAreRefused(t *testing.T) {
	x := serve(t, openStore(t), time.Second)
	for _, body := range []string{"", "[]", `{"maxEvents":-1}`, `{"ack":"x"}`, `{"ack":["` + strings.Repeat("x", 70_000) + `"]}`} {
		status, text := x.send("POST", "/ssf/poll/poller", "poll-secret", body)
		require.Equal(t, 400, status, "%.40s", body)
		require.Contains(t, text, "invalid_request")
	}
}

func TestTheConfigurationIsWhereReceiversLookForIt(t *testing.T) {
	x := serve(t, openStore(t), time.Second)
	status, text := x.send("GET", setevent.ConfigurationPath, "", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"spec_version":"1_0","issuer":"https://hub.example","jwks_uri":"https://hub.example/.well-known/jwks.json",
		"delivery_methods_supported":["urn:ietf:rfc:8935","urn:ietf:rfc:8936"],"configuration_endpoint":"https://hub.example/ssf/streams",
		"status_endpoint":"https://hub.example/ssf/status","verification_endpoint":"https://hub.example/ssf/verify",
		"critical_subject_members":["session","user"],"authorization_schemes":[{"spec_urn":"urn:ietf:rfc:6750"}],"default_subjects":"ALL"}`, text)
}
