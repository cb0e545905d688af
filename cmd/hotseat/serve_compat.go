package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hotseat-hub/hotseat/api/compat"
)

// openCompat reads the secret of the original's tokens, made at the first start; nil without
// --compat-pos.
func (n *node) openCompat() (*compat.Seats, error) {
	of := n.config.Compat
	if !of.On {
		return nil, nil
	}
	secret, err := readCompatSecret(of.SecretFile)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := makeKey(of.SecretFile); err != nil {
			return nil, fmt.Errorf("make the secret of --compat-pos: %w", err)
		}
		secret, err = readCompatSecret(of.SecretFile)
	}
	if err != nil {
		return nil, fmt.Errorf("--compat-pos-secret-file: %w", err)
	}
	tokens, err := compat.NewTokens(secret)
	if err != nil {
		return nil, fmt.Errorf("--compat-pos-secret-file %s: %w", of.SecretFile, err)
	}
	n.log.Warn("the original's protocol is spoken: the id of a terminal is a credential for its notices",
		"secret", of.SecretFile, "unsafe_logout", of.UnsafeLogout)
	return &compat.Seats{Tokens: tokens, Terminals: n.store, Rows: rows{n.batcher}, UnsafeLogout: of.UnsafeLogout}, nil
}

// readCompatSecret refuses a file that others may read.
func readCompatSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o): chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	return []byte(strings.TrimSpace(string(text))), err
}
