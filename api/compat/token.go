package compat

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hotseat-hub/hotseat/session"
)

// Lifetime of the original's token.
const Lifetime = 8 * time.Hour

// MinSecret is the shortest secret in bytes, the length of HS256's output.
const MinSecret = 32

// Token is what the original's token says.
type Token struct {
	UserID   any // a number where the original's database had one, else the employee's id
	Username string
	Terminal session.TerminalID
	Expires  session.Time
}

// claims are those of the original, and no more: its backend may be strict.
type claims struct {
	UserID     any    `json:"user_id"`
	Username   string `json:"username"`
	Terminal   string `json:"terminal_id"`
	Expires    int64  `json:"exp"`
	jwt.Claims `json:"-"`
}

// ErrNotOurs: no token of the original's kind that this secret has signed.
var ErrNotOurs = errors.New("not a token of the original's kind")

// Tokens signs and reads the original's tokens. Any goroutine may call its methods.
type Tokens struct {
	secret []byte
	parser *jwt.Parser
}

// NewTokens wants a secret of at least MinSecret bytes.
func NewTokens(secret []byte) (*Tokens, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the secret of the original's tokens has %d bytes, want at least %d", len(secret), MinSecret)
	}
	return &Tokens{
		secret: secret,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
	}, nil
}

// Issue signs a token.
func (t *Tokens) Issue(one Token) (string, error) {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, &claims{
		UserID: one.UserID, Username: one.Username, Terminal: string(one.Terminal), Expires: int64(one.Expires / 1000),
	}).SignedString(t.secret)
	if err != nil {
		return "", fmt.Errorf("sign a token of the original's kind: %w", err)
	}
	return signed, nil
}

// Parse reads a token without I/O; ErrNotOurs when it is none. It may have expired.
func (t *Tokens) Parse(text string) (Token, error) {
	var c claims
	_, err := t.parser.ParseWithClaims(text, &c, func(parsed *jwt.Token) (any, error) {
		if _, crit := parsed.Header["crit"]; crit {
			return nil, ErrNotOurs
		}
		return t.secret, nil
	})
	terminal, idErr := session.ParseTerminalID(c.Terminal)
	if err != nil || idErr != nil || c.Expires <= 0 {
		return Token{}, ErrNotOurs // the library's text repeats the token's
	}
	return Token{UserID: c.UserID, Username: c.Username, Terminal: terminal, Expires: session.Time(c.Expires * 1000)}, nil
}
