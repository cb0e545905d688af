package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// keepPrivate lets nobody else read the database at path: password hashes and signing keys are in it.
// SQLite makes files as the umask says, whoever may enter the folder; its WAL and the WAL's index take
// the database's mode, so it is enough to make that one first. Files of an earlier start are mended.
func keepPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return f.Close() // an empty file is an empty database
	case !errors.Is(err, fs.ErrExist):
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
