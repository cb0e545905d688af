package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

// Files of the data folder with the keys that nobody gave.
const (
	serviceKeyFile = "service.key"
	adminKeyFile   = "admin.key"
)

// Keys are the keys that the server accepts, and the files that this start has made for them.
type Keys struct {
	Service, Admin []config.Key
	// AdminFile is where the admin key is kept; empty when it was given.
	AdminFile string
	Made      []string
}

// loadOrMakeKeys gives the keys of c, and for a kind that c lacks the one in dir, made at the first
// start. Two servers that start together agree on one key: whoever links the file first.
func loadOrMakeKeys(dir string, c Config) (Keys, error) {
	k := Keys{Service: c.ServiceKeys, Admin: c.AdminKeys}
	if len(k.Service) == 0 {
		if err := k.fromFolder(dir, serviceKeyFile, "service", &k.Service); err != nil {
			return Keys{}, err
		}
	}
	if len(k.Admin) == 0 {
		if err := k.fromFolder(dir, adminKeyFile, "admin", &k.Admin); err != nil {
			return Keys{}, err
		}
		k.AdminFile = filepath.Join(dir, adminKeyFile)
	}
	return k, nil
}

func (k *Keys) fromFolder(dir, file, name string, into *[]config.Key) error {
	path := filepath.Join(dir, file)
	keys, err := readKeys(path, name)
	if errors.Is(err, fs.ErrNotExist) {
		made, err := makeKey(path)
		if err != nil {
			return fmt.Errorf("make %s key: %w", name, err)
		}
		if made {
			k.Made = append(k.Made, path)
		}
		keys, err = readKeys(path, name)
		*into = keys
		return err
	}
	*into = keys
	return err
}

// readKeys refuses a file that others may read, and one without a usable key.
func readKeys(path, name string) ([]config.Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o): chmod 600 %s", path, mode, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := config.ParseKeys(strings.TrimSpace(string(b)), name)
	if err == nil && len(keys) == 0 {
		err = errors.New("no key in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; mend it, or remove it and a new one is made", path, err)
	}
	return keys, nil
}

// makeKey writes a new key beside path and links it there, so that the file is never seen half
// written and never replaces one that came first.
func makeKey(path string) (made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)                             // never fails
	f, err := os.CreateTemp(filepath.Dir(path), ".key-") // mode 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(secret) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, err
	}
	err = os.Link(f.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}
