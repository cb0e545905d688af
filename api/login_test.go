package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALoginGivesTokensAndTheNextOneEndsIt(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")

	first := b.login("till-1")
	require.Equal(t, "Bearer", first.TokenType)
	require.Equal(t, int64(900), first.ExpiresIn)
	require.Equal(t, "Ada", first.Employee.FirstName)
	require.Empty(t, *first.Terminated)
	b.get("/v1/session", first.AccessToken).is(http.StatusOK)

	second := b.login("till-2")
	require.Len(t, *second.Terminated, 1)
	require.Equal(t, first.Session.SessionID, (*second.Terminated)[0].SessionID)
	require.Equal(t, "offline", (*second.Terminated)[0].Delivery)

	problem := b.get("/v1/session", first.AccessToken).problem(401, "session_terminated")
	termination := problem["termination"].(map[string]any)
	require.Equal(t, "new_login", termination["reason"])
	require.Equal(t, "till-2", termination["by"].(map[string]any)["terminal_id"])
	b.get("/v1/session", second.AccessToken).is(http.StatusOK)
}
