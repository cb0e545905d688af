package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestATokenOfAnotherTypeIsSignedByTheSameKeysAndIsNoAccessToken(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	signed, err := n.SignAs("logout+jwt", map[string]any{"iss": issuer, "aud": "portal", "sid": "s"})
	require.NoError(t, err)
	parsed, err := jwt.Parse(signed, func(token *jwt.Token) (any, error) {
		require.Equal(t, "logout+jwt", token.Header["typ"])
		return n.keys.ring.Load().pairs[token.Header["kid"].(string)].signer.Public(), nil
	})
	require.NoError(t, err)
	require.Equal(t, "portal", parsed.Claims.(jwt.MapClaims)["aud"])
	_, err = n.Verify(signed)
	require.ErrorIs(t, err, ErrInvalid)

	body, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[1])
	require.NoError(t, err)
	require.True(t, json.Valid(body))
	for _, typ := range []string{"", "at+jwt", "JWT"} {
		_, err := n.SignAs(typ, nil)
		require.Error(t, err)
	}
}
