package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/session"
)

// A program that told what it has not committed, or told nobody, would be no floor of anything.
func TestTheLeastProgramTellsItsTabWhatItHasCommitted(t *testing.T) {
	r, err := newReference(t.Context(), "embedded:"+t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.store.Close()) })
	server := httptest.NewServer(newLeast(r))
	t.Cleanup(server.Close)
	target, err := caller.NewTarget(t.Context(), server.URL)
	require.NoError(t, err)
	c := caller.New(target)
	t.Cleanup(c.Close)
	takeOver := func() int {
		reply, err := c.Do(t.Context(), http.MethodPost, "/v1/sessions", "key", []byte(loginBody))
		require.NoError(t, err)
		return reply.Status
	}

	require.Equal(t, http.StatusServiceUnavailable, takeOver(), "nobody is there to be told")
	tab, err := openTab(target.Address)
	require.NoError(t, err)
	t.Cleanup(tab.close)
	for n := range uint64(3) {
		require.Equal(t, http.StatusOK, takeOver())
		_, err := tab.awaitNotice(t.Context())
		require.NoError(t, err)
		rows, err := r.store.Load(t.Context(), []session.Key{"reference"})
		require.NoError(t, err)
		require.EqualValues(t, n+1, rows[0].Version)
	}
}
