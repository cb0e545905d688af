package verify

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnEndedSessionIsRefusedHoweverOldTheNewsIs(t *testing.T) {
	h := newHub(t)
	var told atomic.Value
	v := h.start(Options{MaxStaleness: time.Nanosecond, Ended: func(e TerminatedError) { told.Store(e.Session) }},
		says(revocation(sid, time.Now().Add(time.Hour))+asOf(time.Now(), "c1")))
	require.Eventually(t, func() bool { return told.Load() == sid }, patience, time.Millisecond)
	_, err := v.Verify(h.token(nil))
	var over *TerminatedError
	require.ErrorAs(t, err, &over)
	require.Equal(t, "new_login", over.Reason)
	require.ErrorIs(t, err, ErrTerminated)
}

func TestNobodyPassesBeforeTheListIsComplete(t *testing.T) {
	h := newHub(t)
	heard := make(chan struct{})
	v := h.start(Options{Ended: func(TerminatedError) { close(heard) }}, says(revocation("01a20b52-46b5-76fa-ab64-5c4faa5b3b38", time.Now().Add(time.Hour))))
	<-heard
	_, err := v.Verify(h.token(nil))
	require.ErrorIs(t, err, ErrStale, "there may be more")
}

func TestAHubThatGoesIsComeBackToWhereTheFeedWas(t *testing.T) {
	h := newHub(t)
	broken := func(text string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	v := h.start(Options{},
		broken(asOf(time.Now().Add(-time.Minute), "c1")), // ends
		status(500), // is broken
		broken("event: as_of\ndata: {\"as_of\":\"yesterday\"}\n\n"), // talks nonsense
		broken("event: revocation\ndata: {\"session_id\":\"x\"}\n\n"),
		broken("data: "+strings.Repeat("x", 70_000)+"\n\n"), // a line past its bound
		status(410), // has forgotten the place
		func(w http.ResponseWriter, r *http.Request) {
			says(": a comment\nevent: of-the-future\ndata: {}\n\n"+asOf(time.Now(), "c2"))(w, r)
		},
	)
	h.ready(v)
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Equal(t, []string{"", "c1", "c1", "c1", "c1", "c1", ""}, h.cursors)
}

func TestAFeedThatSaysNothingIsLeft(t *testing.T) {
	h := newHub(t)
	began := time.Now()
	v := h.start(Options{}, says(""), says(asOf(time.Now().Add(silence), "c1")))
	h.ready(v)
	require.GreaterOrEqual(t, time.Since(began), silence)
}

func TestWhatCannotExpireAnyMoreIsForgotten(t *testing.T) {
	now := time.Now()
	v := view{ended: map[id]ending{{1}: {until: now.Add(-time.Second).UnixMilli()}, {2}: {until: now.Add(time.Second).UnixMilli()}}}
	v.complete(now, now)
	require.Len(t, v.ended, 1)
	require.Contains(t, v.ended, id{2})
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for _, o := range []Options{
		{},
		{URL: "hub.example", Key: "k"},
		{URL: "ftp://hub.example", Key: "k"},
		{URL: "http://hub.example"},
		{URL: "http://hub.example\x7f", Key: "k"},
		{URL: "http://hub.example", Key: "k", MaxStaleness: -1},
	} {
		_, err := New(o)
		require.Error(t, err, "%+v", o)
	}
}
