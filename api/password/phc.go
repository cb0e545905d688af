package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrHash: a stored hash that this package cannot read.
var ErrHash = errors.New("unreadable password hash")

// Params are the costs of argon2id, RFC 9106.
type Params struct {
	Memory  uint32 // KiB
	Time    uint32
	Threads uint8
}

// Default follows the OWASP recommendation of 19 MiB, two passes, one lane.
var Default = Params{Memory: 19 * 1024, Time: 2, Threads: 1}

// most bounds what a stored hash may ask of this process.
var most = Params{Memory: 256 * 1024, Time: 16, Threads: 16}

const (
	saltLength = 16
	hashLength = 32
)

// phc is a parsed PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
type phc struct {
	Params
	salt, hash []byte
}

func (p *phc) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.Memory, p.Time, p.Threads, b64(p.salt), b64(p.hash))
}

func (p *phc) derive(password string) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.Time, p.Memory, p.Threads, uint32(len(p.hash)))
}

func parsePHC(s string) (*phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return nil, fmt.Errorf("not an argon2id PHC string: %w", ErrHash)
	}
	p := &phc{}
	if err := p.parseCosts(parts[3]); err != nil {
		return nil, err
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return nil, fmt.Errorf("salt: %w", ErrHash)
	}
	if p.hash, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(p.hash) < 16 || len(p.hash) > 64 {
		return nil, fmt.Errorf("hash: %w", ErrHash)
	}
	return p, nil
}

func (p *phc) parseCosts(s string) error {
	var values [3]uint64
	fields := strings.Split(s, ",")
	if len(fields) != len(values) {
		return fmt.Errorf("costs: %w", ErrHash)
	}
	for i, prefix := range [...]string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(fields[i], prefix)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || v == 0 {
			return fmt.Errorf("costs: %w", ErrHash)
		}
		values[i] = v
	}
	if values[0] > uint64(most.Memory) || values[1] > uint64(most.Time) || values[2] > uint64(most.Threads) {
		return fmt.Errorf("costs beyond %+v: %w", most, ErrHash)
	}
	p.Params = Params{Memory: uint32(values[0]), Time: uint32(values[1]), Threads: uint8(values[2])}
	return nil
}
