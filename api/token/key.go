package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/golang-jwt/jwt/v5"

	"github.com/hotseat-hub/hotseat/session"
)

// The algorithms, RFC 7518 and RFC 8037.
const (
	EdDSA = "EdDSA"
	ES256 = "ES256"
	RS256 = "RS256"
)

const rsaBits = 2048

// Key is a signing key as the store keeps it.
type Key struct {
	KID     string
	Alg     string
	Private []byte // PKCS #8, encrypted when KEKID is set
	KEKID   string
	// PublishedAt is when the key became visible in the store, SignsFrom when it may sign: every
	// node has read it by then.
	PublishedAt session.Time
	SignsFrom   session.Time
	// RetiredAt is when it stopped signing; zero while it has not.
	RetiredAt session.Time
}

// NewKey makes a key for alg that may sign from signsFrom on.
func NewKey(alg string, now, signsFrom session.Time) (Key, error) {
	signer, err := generate(alg)
	if err != nil {
		return Key{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return Key{}, fmt.Errorf("encode %s key: %w", alg, err)
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return Key{}, fmt.Errorf("encode %s public key: %w", alg, err)
	}
	sum := sha256.Sum256(public)
	kid := base64.RawURLEncoding.EncodeToString(sum[:12])
	return Key{KID: kid, Alg: alg, Private: private, PublishedAt: now, SignsFrom: signsFrom}, nil
}

func generate(alg string) (crypto.Signer, error) {
	switch alg {
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return nil, fmt.Errorf("token algorithm %q is not one of EdDSA, ES256, RS256", alg)
}

// keyPair is a Key ready for use. The method is bound to it here, once.
type keyPair struct {
	Key
	method jwt.SigningMethod
	signer crypto.Signer
	header string // the encoded JOSE header of tokens that it signs, with the dot
	jwk    jwk
}

func parseKey(k Key) (*keyPair, error) {
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", k.KID, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok || !fits(k.Alg, signer.Public()) {
		return nil, fmt.Errorf("signing key %s does not fit its algorithm %s", k.KID, k.Alg)
	}
	pair := &keyPair{Key: k, method: jwt.GetSigningMethod(k.Alg), signer: signer}
	header := `{"alg":"` + k.Alg + `","typ":"at+jwt","kid":"` + k.KID + `"}`
	pair.header = base64.RawURLEncoding.EncodeToString([]byte(header)) + "."
	pair.jwk = newJWK(k.KID, k.Alg, signer.Public())
	return pair, nil
}

func fits(alg string, public crypto.PublicKey) bool {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return alg == EdDSA
	case *ecdsa.PublicKey:
		return alg == ES256 && key.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return alg == RS256 && key.N.BitLen() >= rsaBits
	}
	return false
}

// jwk is the public half, RFC 7517 and RFC 8037.
type jwk struct {
	KeyType string `json:"kty"`
	Use     string `json:"use"`
	KID     string `json:"kid"`
	Alg     string `json:"alg"`
	Curve   string `json:"crv,omitempty"`
	X       string `json:"x,omitempty"`
	Y       string `json:"y,omitempty"`
	N       string `json:"n,omitempty"`
	E       string `json:"e,omitempty"`
}

func newJWK(kid, alg string, public crypto.PublicKey) jwk {
	b64 := base64.RawURLEncoding.EncodeToString
	k := jwk{Use: "sig", KID: kid, Alg: alg}
	switch key := public.(type) {
	case ed25519.PublicKey:
		k.KeyType, k.Curve, k.X = "OKP", "Ed25519", b64(key)
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4, x, y
		if err != nil {
			panic("token: a P-256 key that was parsed has no point: " + err.Error())
		}
		half := (len(point) - 1) / 2
		k.KeyType, k.Curve, k.X, k.Y = "EC", "P-256", b64(point[1:1+half]), b64(point[1+half:])
	case *rsa.PublicKey:
		k.KeyType, k.N, k.E = "RSA", b64(key.N.Bytes()), b64(big.NewInt(int64(key.E)).Bytes())
	}
	return k
}
