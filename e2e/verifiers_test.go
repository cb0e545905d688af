package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// verifiers are programs that check tokens by libraries which this project did not write.
var verifiers = map[string][]string{
	"jose (npm)":     {"node", "wsclient/verify.js"},
	"PyJWT (Debian)": {"/usr/bin/python3", "verify.py"},
}

func TestTokensOfEveryAlgorithmAreVerifiedByOthers(t *testing.T) {
	for _, alg := range []string{"EdDSA", "ES256", "RS256"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			s := start(t, embedded(t), "--token-alg", alg)
			l := s.mustLogin("ada", "till-1")
			forged := tampered(l.AccessToken)
			var meta struct{ Issuer string }
			require.NoError(t, json.Unmarshal(s.send("GET", "/.well-known/oauth-authorization-server", "", nil).body, &meta))
			for name, command := range verifiers {
				verify := func(token string) ([]byte, error) {
					args := append(append([]string{}, command[1:]...), "http://"+s.listen, meta.Issuer, token)
					return exec.Command(command[0], args...).CombinedOutput()
				}
				out, err := verify(l.AccessToken)
				require.NoError(t, err, "%s; run `make deps`\n%s", name, out)
				var seen struct {
					Payload struct{ Sub, Sid, Iss string }
					Header  struct{ Alg, Typ string }
				}
				require.NoError(t, json.Unmarshal(out, &seen), "%s", out)
				require.Equal(t, alg, seen.Header.Alg, name)
				require.Equal(t, "ada", seen.Payload.Sub, name)
				require.Equal(t, l.Session.SessionID, seen.Payload.Sid, name)
				_, err = verify(forged)
				require.Error(t, err, "%s takes a forged token", name)
			}
		})
	}
}

// tampered is a token with another payload under the same signature.
func tampered(token string) string {
	parts := strings.Split(token, ".")
	flip := byte('A')
	if parts[1][20] == flip {
		flip = 'B'
	}
	parts[1] = parts[1][:20] + string(flip) + parts[1][21:]
	return strings.Join(parts, ".")
}
