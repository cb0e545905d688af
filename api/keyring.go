package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
)

// NamedKey is a service or admin key. Its name is the client_id of tokens and the actor of events.
type NamedKey struct{ Name, Secret string }

const minSecret = 16

// namedKey is a key by its digest: comparing digests takes the same time wherever they differ.
type namedKey struct {
	name  string
	admin bool
	sum   [sha256.Size]byte
}

type keyring []namedKey

func newKeyring(service, admin []NamedKey) (keyring, error) {
	var ring keyring
	add := func(keys []NamedKey, kind string) error {
		for i, k := range keys {
			if len(k.Secret) < minSecret || strings.ContainsAny(k.Secret, ",= \t\r\n") {
				return fmt.Errorf("%s key %d must have at least %d characters, none of them a comma, = or space", kind, i+1, minSecret)
			}
			if k.Name == "" {
				k.Name = kind
			}
			ring = append(ring, namedKey{name: k.Name, admin: kind == "admin", sum: sha256.Sum256([]byte(k.Secret))})
		}
		return nil
	}
	if err := add(service, "service"); err != nil {
		return nil, err
	}
	return ring, add(admin, "admin")
}

// find looks through the whole ring whatever it finds.
func (ring keyring) find(secret string) (found *namedKey) {
	sum := sha256.Sum256([]byte(secret))
	for i := range ring {
		if subtle.ConstantTimeCompare(ring[i].sum[:], sum[:]) == 1 && (found == nil || ring[i].admin) {
			found = &ring[i]
		}
	}
	return found
}
