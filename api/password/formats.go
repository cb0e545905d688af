package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// stored is a hash that a password can be checked against.
type stored interface {
	// matches does the work.
	matches(password string) bool
}

// The bounds of what a hash of another system may ask of this process: about a second.
const (
	maxBcryptCost = 14
	maxIterations = 3_000_000
)

// parse reads a hash: a PHC string of argon2id, bcrypt's, or Django's pbkdf2_sha256. An error does not
// repeat it.
func parse(hash string) (stored, error) {
	switch {
	case strings.HasPrefix(hash, "$argon2id$"):
		return parsePHC(hash)
	case strings.HasPrefix(hash, "$2"):
		return parseBcrypt(hash)
	case strings.HasPrefix(hash, djangoPrefix):
		return parseDjango(hash)
	}
	return nil, fmt.Errorf("want $argon2id$…, $2b$… or pbkdf2_sha256$…: %w", ErrHash)
}

// Check reports whether a hash of another system can be checked here.
func Check(hash string) error {
	_, err := parse(hash)
	return err
}

func (p *phc) matches(password string) bool {
	return subtle.ConstantTimeCompare(p.derive(password), p.hash) == 1
}

// crypted is a bcrypt hash. It looks at the first 72 bytes of a password, as everywhere.
type crypted []byte

func parseBcrypt(hash string) (stored, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || len(hash) != 60 {
		return nil, fmt.Errorf("bcrypt: %w", ErrHash)
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("bcrypt: cost %d is beyond %d: %w", cost, maxBcryptCost, ErrHash)
	}
	return crypted(hash), nil
}

func (c crypted) matches(password string) bool {
	return bcrypt.CompareHashAndPassword(c, []byte(password[:min(len(password), 72)])) == nil
}

const djangoPrefix = "pbkdf2_sha256$"

// django is the format of Django's PBKDF2PasswordHasher: pbkdf2_sha256$iterations$salt$hash.
type django struct {
	iterations int
	salt       string
	hash       []byte
}

func parseDjango(hash string) (stored, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 4 {
		return nil, fmt.Errorf("pbkdf2_sha256: %w", ErrHash)
	}
	d := django{salt: parts[2]}
	var err error
	if d.iterations, err = strconv.Atoi(parts[1]); err != nil || d.iterations < 1 {
		return nil, fmt.Errorf("pbkdf2_sha256: iterations: %w", ErrHash)
	}
	if d.iterations > maxIterations {
		return nil, fmt.Errorf("pbkdf2_sha256: iterations beyond %d: %w", maxIterations, ErrHash)
	}
	d.hash, err = base64.StdEncoding.DecodeString(parts[3])
	if err != nil || len(d.hash) != sha256.Size || d.salt == "" || len(d.salt) > 128 {
		return nil, fmt.Errorf("pbkdf2_sha256: salt or hash: %w", ErrHash)
	}
	return d, nil
}

func (d django) matches(password string) bool {
	got, err := pbkdf2.Key(sha256.New, password, []byte(d.salt), d.iterations, sha256.Size)
	return err == nil && subtle.ConstantTimeCompare(got, d.hash) == 1
}
