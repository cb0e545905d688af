package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperatorsRotateKeysAndSessionsStay(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("t")
	made := b.post("/v1/admin/keys/rotate", adminKey, "").is(200)
	require.Len(t, made["retired"], 1)
	b.get("/v1/session", g.AccessToken).is(200)
	b.advance(11 * 60e9)
	next := b.post("/v1/token/refresh", "", `{"refresh_token":"`+g.RefreshToken+`"}`).grant()
	require.Equal(t, g.Session.SessionID, next.Session.SessionID)
	b.get("/v1/session", g.AccessToken).is(200)

	// Compromised: the token is worth nothing, the session stays.
	made = b.post("/v1/admin/keys/rotate", adminKey, `{"compromised":true}`).is(200)
	require.Len(t, made["retired"], 2)
	b.get("/v1/session", next.AccessToken).problem(401, "token_expired")
	b.get("/v1/authz", next.AccessToken).problem(401, "token_expired")
	last := b.post("/v1/token/refresh", "", `{"refresh_token":"`+next.RefreshToken+`"}`).grant()
	b.get("/v1/session", last.AccessToken).is(200)
	require.Equal(t, 200, b.form("/oauth2/revoke", "Bearer "+serviceKey, "token="+next.AccessToken).StatusCode)
	require.Contains(t, b.log.String(), "by=ops")
	b.post("/v1/admin/keys/rotate", adminKey, `{"compromized":true}`).problem(400, "invalid_request")
}
