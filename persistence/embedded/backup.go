package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Backup copies the store in dir, as of one moment, to a file that must not be there yet. It may be
// called while another process serves from dir: it neither needs nor takes the folder's lock.
func Backup(ctx context.Context, dir, file string) (err error) {
	path, err := filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("back up %s: %w", dir, err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already; a backup never replaces a file", file)
	}
	db, err := connect(path, 1, url.Values{"_pragma": {"query_only(0)"}}.Encode())
	if err != nil {
		return fmt.Errorf("back up %s: %w", dir, problem(err))
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	half, err := os.CreateTemp(filepath.Dir(file), ".backup-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(half.Name()) // gone once it has its name
	if err := half.Close(); err != nil {
		return err
	}
	// VACUUM INTO takes an empty file for none.
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, half.Name()); err != nil {
		return fmt.Errorf("back up %s: %w", dir, problem(err))
	}
	return publish(half.Name(), file)
}

// publish gives a whole file its name once the disk has it. Of two that come together one wins.
func publish(half, file string) error {
	f, err := os.OpenFile(half, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(half, file); err != nil {
		return fmt.Errorf("name the backup: %w", err)
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
