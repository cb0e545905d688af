package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// KEKs are key-encryption keys: what the store keeps of private keys and secrets is encrypted under
// the first, and decrypted with whichever it was encrypted under. Whoever has the store, or a backup
// of it, but not these, can sign nothing. A nil *KEKs encrypts nothing.
type KEKs struct {
	ids  []string
	aead map[string]cipher.AEAD
}

// kekLength is that of AES-256.
const kekLength = 32

// ParseKEKs reads a file of keys, one on each line, as 32 bytes in hex or base64. To change the key,
// put the new one above the old one, restart every node, and then take the old one out.
func ParseKEKs(text []byte) (*KEKs, error) {
	k := &KEKs{aead: map[string]cipher.AEAD{}}
	for i, line := range strings.Fields(string(text)) {
		key, err := decodeKEK(line)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		sum := sha256.Sum256(append([]byte("hotseat key-encryption key id\x00"), key...))
		id := hex.EncodeToString(sum[:8])
		k.ids = append(k.ids, id)
		k.aead[id] = aead
	}
	if len(k.ids) == 0 {
		return nil, errors.New("no key in it; `openssl rand -hex 32` makes a good one")
	}
	return k, nil
}

func decodeKEK(line string) ([]byte, error) {
	if key, err := hex.DecodeString(line); err == nil && len(key) == kekLength {
		return key, nil
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := encoding.DecodeString(line); err == nil && len(key) == kekLength {
			return key, nil
		}
	}
	return nil, errors.New("want 32 bytes in hex or base64; `openssl rand -hex 32` makes a good one")
}

// id of the key that encrypts; empty when nothing is encrypted.
func (k *KEKs) id() string {
	if k == nil {
		return ""
	}
	return k.ids[0]
}

// seal encrypts for a purpose, which must be the same when it is opened: a ciphertext that was moved
// elsewhere in the store does not open.
func (k *KEKs) seal(purpose string, plain []byte) []byte {
	aead := k.aead[k.ids[0]]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return aead.Seal(nonce, nonce, plain, []byte(purpose))
}

// open decrypts what was sealed under the key with this id.
func (k *KEKs) open(id, purpose string, sealed []byte) ([]byte, error) {
	if k == nil || k.aead[id] == nil {
		return nil, fmt.Errorf("encrypted under key %s, which was not given: see --key-encryption-key-file", id)
	}
	aead := k.aead[id]
	if len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("encrypted under key %s, and damaged", id)
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(purpose))
	if err != nil {
		return nil, fmt.Errorf("encrypted under key %s, and damaged", id)
	}
	return plain, nil
}

// sealedSecret begins what SealSecret makes. A secret in clear is random and does not begin so.
const sealedSecret = "hotseat-sealed:"

// SealSecret is a secret as the store keeps it.
func (k *KEKs) SealSecret(name string, secret []byte) []byte {
	if k == nil {
		return secret
	}
	return append([]byte(sealedSecret+k.id()+":"), k.seal("secret "+name, secret)...)
}

// OpenSecret reads what SealSecret made, and says whether it should be sealed again: it is in clear,
// or under an older key.
func (k *KEKs) OpenSecret(name string, stored []byte) (secret []byte, again bool, err error) {
	rest, sealed := strings.CutPrefix(string(stored), sealedSecret)
	if !sealed {
		return stored, k != nil, nil
	}
	id, text, _ := strings.Cut(rest, ":")
	secret, err = k.open(id, "secret "+name, []byte(text))
	if err != nil {
		return nil, false, fmt.Errorf("secret %s: %w", name, err)
	}
	return secret, id != k.id(), nil
}

// encrypted is the key as the store keeps it.
func (k *KEKs) encrypted(key Key) Key {
	if k == nil || key.KEKID != "" {
		return key
	}
	key.Private, key.KEKID = k.seal(key.purpose(), key.Private), k.id()
	return key
}

// decrypted is the inverse of encrypted.
func (k *KEKs) decrypted(key Key) (Key, error) {
	if key.KEKID == "" {
		return key, nil
	}
	private, err := k.open(key.KEKID, key.purpose(), key.Private)
	if err != nil {
		return key, fmt.Errorf("signing key %s: %w", key.KID, err)
	}
	key.Private, key.KEKID = private, ""
	return key, nil
}

func (k *Key) purpose() string { return "signing key " + k.Alg + " " + k.KID }
