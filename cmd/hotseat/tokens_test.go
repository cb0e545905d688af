package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
)

func TestAWatchingLoginRefreshesItsTokenWhenItIsTooOld(t *testing.T) {
	refreshed := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		assert.Equal(t, fmt.Sprintf(`{"refresh_token":"r%d"}`, refreshed), string(body))
		refreshed++
		fmt.Fprintf(w, `{"access_token":"a%d","refresh_token":"r%d"}`, refreshed, refreshed)
	}))
	defer server.Close()
	c, err := client.New(client.Options{Server: server.URL})
	require.NoError(t, err)
	saved := filepath.Join(t.TempDir(), "token")
	l := &loginCommand{save: saved}
	token := l.tokens(c, &client.Login{AccessToken: "a0", RefreshToken: "r0"})
	for _, step := range []struct {
		expired bool
		want    string
	}{{false, "a0"}, {false, "a0"}, {true, "a1"}, {false, "a1"}, {true, "a2"}} {
		got, err := token(t.Context(), step.expired)
		require.NoError(t, err)
		require.Equal(t, step.want, got)
	}
	b, err := os.ReadFile(saved)
	require.NoError(t, err)
	require.Equal(t, "a2\n", string(b), "the saved token is the newest")
}

func TestAnExpiredTokenIsLookedForInItsFileAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) { require.NoError(t, os.WriteFile(path, []byte(token+"\n"), 0o600)) }
	write("a0")
	token := tokenFile(program{}, path)
	got, err := token(t.Context(), false)
	require.NoError(t, err)
	require.Equal(t, "a0", got)

	_, err = token(t.Context(), true)
	require.ErrorContains(t, err, "expired, log in again")
	require.Equal(t, client.ExitRefused, client.ExitCode(err))

	write("a1")
	got, err = token(t.Context(), false)
	require.NoError(t, err)
	require.Equal(t, "a0", got, "a token that works is not exchanged")
	got, err = token(t.Context(), true)
	require.NoError(t, err)
	require.Equal(t, "a1", got)
}
