package setevent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
)

// The methods of delivery, RFC 8935 and RFC 8936.
const (
	ByPush = "urn:ietf:rfc:8935"
	ByPoll = "urn:ietf:rfc:8936"
)

// Paths of the transmitter. Configuration is where the framework's discovery looks.
const (
	ConfigurationPath = "/.well-known/ssf-configuration"
	streamsPath       = "/ssf/streams"
	statusPath        = "/ssf/status"
	verifyPath        = "/ssf/verify"
	pollPath          = "/ssf/poll/"
)

// Stream is one receiver's.
type Stream struct {
	Name     string // stream_id
	Audience string
	Method   string
	URL      string // of a push
	// Authorization is the whole header by which the receiver is known here and, of a push, we there.
	Authorization string
	Client        *outbound.Client // of a push
}

// Options of a Transmitter.
type Options struct {
	Issuer  string
	BaseURL string // where receivers reach this server
	Streams []Stream
	Log     Log
	Signer  Signer
	// PollWait is how long a poll waits for news; 25 s. Proxies cut what is silent for a minute.
	PollWait time.Duration
	Logger   *slog.Logger
}

// Transmitter answers receivers. Streams are made by the operator's configuration, not over HTTP. Any
// goroutine may call its methods.
type Transmitter struct {
	o     Options
	polls map[string]*polled
	mux   *http.ServeMux
}

// NewTransmitter talks to nobody yet.
func NewTransmitter(o Options) *Transmitter {
	if o.PollWait == 0 {
		o.PollWait = 25 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	t := &Transmitter{o: o, polls: map[string]*polled{}, mux: http.NewServeMux()}
	for _, s := range o.Streams {
		if s.Method == ByPoll {
			t.polls[s.Name] = &polled{t: t, stream: s}
		}
	}
	t.mux.HandleFunc("GET "+ConfigurationPath, t.configuration)
	t.mux.HandleFunc("GET "+streamsPath, t.known(t.showStream))
	t.mux.HandleFunc("GET "+statusPath, t.known(t.showStatus))
	t.mux.HandleFunc("POST "+verifyPath, t.known(t.verify))
	t.mux.HandleFunc("POST "+pollPath+"{stream_id}", t.known(t.poll))
	return t
}

// Begin gives new polled streams their marks.
func (t *Transmitter) Begin(ctx context.Context) error {
	for name, p := range t.polls {
		if err := p.begin(ctx); err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return nil
}

// ServeHTTP implements http.Handler for every path of the transmitter.
func (t *Transmitter) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// configuration is the framework's transmitter metadata.
func (t *Transmitter) configuration(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	answer(w, http.StatusOK, map[string]any{
		"spec_version": "1_0", "issuer": t.o.Issuer, "jwks_uri": t.o.BaseURL + "/.well-known/jwks.json",
		"delivery_methods_supported": []string{ByPush, ByPoll},
		"configuration_endpoint":     t.o.BaseURL + streamsPath,
		"status_endpoint":            t.o.BaseURL + statusPath,
		"verification_endpoint":      t.o.BaseURL + verifyPath,
		"critical_subject_members":   []string{"session", "user"},
		"authorization_schemes":      []map[string]string{{"spec_urn": "urn:ietf:rfc:6750"}},
		"default_subjects":           "ALL",
	})
}

// known finds the receiver by its credential, and lets it see its own stream only.
func (t *Transmitter) known(serve func(http.ResponseWriter, *http.Request, *Stream)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		stream := t.authenticate(r.Header.Get("Authorization"))
		if stream == nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "authentication_failed", "no stream has this credential")
			return
		}
		asked := r.PathValue("stream_id")
		if asked == "" {
			asked = r.URL.Query().Get("stream_id")
		}
		if asked != "" && asked != stream.Name {
			refuse(w, http.StatusNotFound, "invalid_request", "this credential has no such stream")
			return
		}
		serve(w, r, stream)
	}
}

// authenticate compares digests: that takes the same time wherever they differ.
func (t *Transmitter) authenticate(header string) (found *Stream) {
	sum := sha256.Sum256([]byte(header))
	for i := range t.o.Streams {
		s := &t.o.Streams[i]
		want := sha256.Sum256([]byte(s.Authorization))
		if s.Authorization != "" && subtle.ConstantTimeCompare(sum[:], want[:]) == 1 {
			found = s
		}
	}
	return found
}

// showStream answers one stream when it is named, else a list, as the framework has it.
func (t *Transmitter) showStream(w http.ResponseWriter, r *http.Request, s *Stream) {
	delivery := map[string]string{"method": s.Method, "endpoint_url": s.URL}
	if s.Method == ByPoll {
		delivery["endpoint_url"] = t.o.BaseURL + pollPath + s.Name
	}
	view := map[string]any{
		"stream_id": s.Name, "iss": t.o.Issuer, "aud": s.Audience, "delivery": delivery,
		"events_supported": []string{SessionRevoked}, "events_requested": []string{SessionRevoked}, "events_delivered": []string{SessionRevoked},
		"min_verification_interval": 0,
	}
	if r.URL.Query().Get("stream_id") == "" {
		answer(w, http.StatusOK, []any{view})
		return
	}
	answer(w, http.StatusOK, view)
}

func (t *Transmitter) showStatus(w http.ResponseWriter, _ *http.Request, s *Stream) {
	answer(w, http.StatusOK, map[string]string{"stream_id": s.Name, "status": "enabled"})
}

// verify sends the verification event by the stream's own way.
func (t *Transmitter) verify(w http.ResponseWriter, r *http.Request, s *Stream) {
	var asked struct {
		StreamID string `json:"stream_id"`
		State    string `json:"state"`
	}
	if err := read(r, &asked); err != nil || asked.StreamID != s.Name {
		refuse(w, http.StatusBadRequest, "invalid_request", "want stream_id, which must be this credential's, and state")
		return
	}
	signed, err := t.verification(s, asked.State)
	if err == nil && s.Method == ByPush {
		header := http.Header{"Content-Type": {"application/secevent+jwt"}, "Accept": {"application/json"}, "Authorization": {s.Authorization}}
		_, err = s.Client.Post(r.Context(), s.URL, header, []byte(signed.jwt)) // its answer is the receiver's to know
	} else if err == nil {
		t.polls[s.Name].add(signed)
	}
	if err != nil {
		t.unavailable(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (t *Transmitter) verification(s *Stream, state string) (token, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	said := map[string]string{}
	if state != "" {
		said["state"] = state
	}
	c := claims{
		Issuer: t.o.Issuer, Audience: s.Audience, IssuedAt: time.Now().Unix(), ID: hex.EncodeToString(random[:]),
		Subject: opaqueSubject{"opaque", s.Name}, Events: map[string]any{verification: said},
	}
	jwt, err := t.o.Signer.SignAs(setType, c)
	return token{id: c.ID, jwt: jwt}, err
}

// pollRequest is RFC 8936 section 2.2.
type pollRequest struct {
	MaxEvents         *int                      `json:"maxEvents"`
	ReturnImmediately bool                      `json:"returnImmediately"`
	Ack               []string                  `json:"ack"`
	SetErrs           map[string]map[string]any `json:"setErrs"`
}

func (t *Transmitter) poll(w http.ResponseWriter, r *http.Request, s *Stream) {
	p := t.polls[s.Name]
	var asked pollRequest
	switch {
	case p == nil:
		refuse(w, http.StatusNotFound, "invalid_request", "this stream is pushed")
		return
	case read(r, &asked) != nil || asked.MaxEvents != nil && *asked.MaxEvents < 0:
		refuse(w, http.StatusBadRequest, "invalid_request", "want an object with maxEvents, returnImmediately, ack and setErrs, all optional")
		return
	}
	many := defaultMax
	if asked.MaxEvents != nil {
		many = min(*asked.MaxEvents, mostMax)
	}
	tokens, more, err := t.answerPoll(r.Context(), p, &asked, many)
	if err != nil {
		t.unavailable(w, err)
		return
	}
	sets := make(map[string]string, len(tokens))
	for _, signed := range tokens {
		sets[signed.id] = signed.jwt
	}
	answer(w, http.StatusOK, map[string]any{"sets": sets, "moreAvailable": more})
}

func (t *Transmitter) answerPoll(ctx context.Context, p *polled, asked *pollRequest, many int) ([]token, bool, error) {
	ids := make(map[string]bool, len(asked.Ack)+len(asked.SetErrs))
	for _, id := range asked.Ack {
		ids[id] = true
	}
	for id, why := range asked.SetErrs {
		// The receiver will not take it, now or later: it counts as acknowledged.
		ids[id] = true
		t.o.Logger.Warn("a receiver refuses a security event token", "stream", p.stream.Name, "jti", id, "err", fmt.Sprint(why["err"]))
	}
	if err := p.begin(ctx); err != nil {
		return nil, false, err
	}
	if err := p.acknowledge(ctx, ids); err != nil {
		return nil, false, err
	}
	if many == 0 {
		return nil, false, nil
	}
	waiting, cancel := context.WithTimeout(ctx, t.o.PollWait)
	defer cancel()
	return p.take(waiting, many, !asked.ReturnImmediately)
}

func (t *Transmitter) unavailable(w http.ResponseWriter, err error) {
	t.o.Logger.Warn("security events cannot be served now", "error", err)
	w.Header().Set("Retry-After", "1")
	refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "try again")
}

// maxBody is far above any acknowledgement of mostMax tokens.
const maxBody = 64 << 10

func read(r *http.Request, v any) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return err
	}
	if len(text) > maxBody {
		return errors.New("too long")
	}
	return json.Unmarshal(text, v)
}

// refuse answers in the form of RFC 8935 section 2.4, which RFC 8936 shares.
func refuse(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]string{"err": code, "description": description})
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic("setevent: texts and numbers do not marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a receiver that is gone needs no answer
}
