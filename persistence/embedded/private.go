package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keepPrivate lets nobody else read the database at path: password hashes and signing keys are in it.
// SQLite makes files as the umask says, whoever may enter the folder; its WAL and the WAL's index take
// the database's mode, so it is enough to make that one first. Files of an earlier start are mended. Where
// path is a link, all of them are where it leads.
func keepPrivate(path string) error {
	if err := ensurePrivate(path); err != nil {
		return err
	}
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			if err := os.Chmod(file, mode&0o700); err != nil {
				return fmt.Errorf("others may read %s (mode %04o): %w", file, mode, err)
			}
		}
	}
	return nil
}

// ensurePrivate makes the file if there is none: an empty one is an empty database. One that is there is not
// opened, since closing it would give up the locks that SQLite has on it.
func ensurePrivate(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
