package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/persistence"
)

// openTokens reads the issuer, the secret and the signing keys that all nodes share.
func (n *node) openTokens(ctx context.Context) error {
	cfg := n.config
	keks, err := readKEKs(cfg.KeyEncryptionKeyFile)
	if err != nil {
		return err
	}
	n.keys, err = token.NewKeys(ctx, token.KeysOptions{
		Store: signingKeys{n.store}, Clock: n.clock, Alg: cfg.TokenAlg, Lifetime: cfg.AccessTokenLifetime, KEKs: keks, Log: n.log,
	})
	if err != nil {
		return err
	}
	issuer, err := n.issuer(ctx)
	if err != nil {
		return err
	}
	secret, err := storedSecret(ctx, n.store, keks, tokenSecret)
	if err != nil {
		return err
	}
	n.tokens, err = token.New(token.Options{
		Keys: n.keys, Clock: n.clock, Issuer: issuer, Audience: cfg.Audience, Lifetime: cfg.AccessTokenLifetime, Secret: secret,
	})
	return err
}

// readKEKs reads the key-encryption keys; nil without a file. The file may be its group's too, as
// secrets are mounted in containers, but not everybody's.
func readKEKs(path string) (*token.KEKs, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--key-encryption-key-file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return nil, fmt.Errorf("--key-encryption-key-file: %s may be read by everybody (mode %04o): chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--key-encryption-key-file: %w", err)
	}
	keks, err := token.ParseKEKs(text)
	if err != nil {
		return nil, fmt.Errorf("--key-encryption-key-file: %s: %w", path, err)
	}
	return keks, nil
}

// tokenSecret is the setting with the secret of refresh tokens and tickets.
const tokenSecret = "token_secret"

// storedSecret is a secret that all nodes share, made at the first start.
func storedSecret(ctx context.Context, store persistence.Store, keks *token.KEKs, name string) ([]byte, error) {
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // never fails
	stored, err := store.Setting(ctx, name, keks.SealSecret(name, fresh[:]))
	if err != nil {
		return nil, err
	}
	secret, again, err := keks.OpenSecret(name, stored)
	if err == nil && again {
		err = store.SetSetting(ctx, name, keks.SealSecret(name, secret))
	}
	return secret, err
}
