package embedded

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

//go:embed migrations/*.sql
var files embed.FS

// fileName is the database's, in the data folder.
const fileName = "hotseat.db"

// readers is how many reads run beside each other and beside the writer.
const readers = 4

// Store implements store.Store. Any goroutine may call it; commits take turns whatever their lane.
type Store struct {
	o     store.Options
	lock  *os.File
	write *sql.DB // one connection, used under mu
	read  *sql.DB
	stmts statements

	mu     sync.Mutex // held by the commit under way, and by Close
	closed bool
}

// Open makes dir when it is missing, locks it, and opens the store in it.
func Open(ctx context.Context, dir string, o store.Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{o: o.WithDefaults(), lock: lock}
	if err := s.open(ctx, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", dir, problem(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string) (err error) {
	path, err := filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return err
	}
	if err := keepPrivate(path); err != nil {
		return err
	}
	if s.write, err = connect(path, 1, "_txlock=immediate"); err != nil {
		return err
	}
	if err := schemaOf(s.write).Run(ctx, s.o.Migrate); err != nil {
		return err
	}
	if s.read, err = connect(path, readers, "_pragma=query_only(1)"); err != nil {
		return err
	}
	return s.stmts.prepare(ctx, s.write)
}

// connect sets a small page cache per connection: the kernel's serves all of them, and the process
// is to stay small.
func connect(path string, conns int, more string) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=cache_size(-2048)&_pragma=wal_autocheckpoint(4000)&" + more}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Now implements store.Store: the embedded store's time is this machine's.
func (s *Store) Now(context.Context) (session.Time, error) { return session.TimeOf(time.Now()), nil }

// Close implements store.Store. The lock goes last.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}
