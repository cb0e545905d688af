package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// SignAs signs claims that are no access token's as a JWT of another type, which Verify refuses: logout
// tokens and security event tokens, RFC 8725 section 3.11.
func (t *Tokens) SignAs(typ string, claims any) (string, error) {
	if typ == "" || typ == "at+jwt" || typ == "JWT" {
		return "", fmt.Errorf("type %q is not for other tokens", typ)
	}
	pair := t.o.Keys.current(t.o.Clock.Now())
	if pair == nil {
		return "", errors.New("no signing key: all are retired or not yet in use")
	}
	header, err := json.Marshal(map[string]string{"alg": pair.Alg, "typ": typ, "kid": pair.KID})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims of a %s: %w", typ, err)
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	signature, err := pair.method.Sign(text, pair.signer)
	if err != nil {
		return "", fmt.Errorf("sign a %s with key %s: %w", typ, pair.KID, err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
