package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	firstPause = 50 * time.Millisecond
	longPause  = time.Second
	// idleCheck is the age at which a quiet connection is looked at before use: a server that went
	// meanwhile then costs a new connection instead of an unknown outcome.
	idleCheck = time.Second
)

// lane is one connection that commits, and the writer that its commits have in the log. Its methods
// are called under mu, by one Commit at a time.
type lane struct {
	s      *Store
	number int

	mu          sync.Mutex
	conn        *pgconn.PgConn
	used        time.Time
	incarnation int
	writer      string
	seq         int64
	params      params

	pause    time.Duration
	retryAt  time.Time
	lastErr  error
	finished bool
}

func (s *Store) lane(number int) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &lane{s: s, number: number, finished: true}
	}
	l := s.lanes[number]
	if l == nil {
		l = &lane{s: s, number: number}
		s.lanes[number] = l
	}
	return l
}

var errClosed = errors.New("store closed")

// connected returns with a usable connection, or why there is none. While the server is away it asks
// at growing intervals and answers at once in between.
func (l *lane) connected() error {
	switch {
	case l.finished:
		return errClosed
	//lint:ignore SA1019 Ping waits for an answer; a connection that broke unseen shows at the commit
	case l.conn != nil && time.Since(l.used) > idleCheck && l.conn.CheckConn() != nil:
		l.drop()
	case l.conn != nil:
		return nil
	case time.Now().Before(l.retryAt):
		return fmt.Errorf("next attempt to connect in %s: %w", time.Until(l.retryAt).Round(time.Millisecond), l.lastErr)
	}
	if err := l.connect(); err != nil {
		l.pause = min(max(2*l.pause, firstPause), longPause)
		l.retryAt, l.lastErr = time.Now().Add(l.pause/2+rand.N(l.pause/2)), err
		return err
	}
	l.pause = 0
	return nil
}

// connect makes a connection that is a new writer of the log. Its row is committed before its first
// commit, so whoever sees a log row can know its writer.
func (l *lane) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.s.o.CommitTimeout)
	defer cancel()
	conn, err := pgconn.ConnectConfig(context.WithValue(ctx, connecting{}, true), committing(&l.s.config.ConnConfig.Config))
	if err != nil {
		return err
	}
	l.conn, l.used, l.seq = conn, time.Now(), 0
	l.incarnation++
	l.writer = fmt.Sprintf("%s/%d/%d", l.s.o.Boot, l.number, l.incarnation)
	if err := l.prepare(ctx); err != nil {
		l.drop()
		return fmt.Errorf("prepare connection: %w", err)
	}
	return nil
}

func (l *lane) prepare(ctx context.Context) error {
	// An unsynchronised commit is not durable, whatever the role or the database was set to.
	if err := l.run(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`); err != nil {
		return err
	}
	if err := l.run(ctx, registerSQL, []byte(l.writer)); err != nil {
		return err
	}
	for _, st := range statements {
		if _, err := l.conn.Prepare(ctx, st.name, st.sql, nil); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) run(ctx context.Context, sql string, args ...[]byte) error {
	_, err := l.conn.ExecParams(ctx, sql, args, nil, nil, nil).Close()
	return err
}

// registerSQL names the connection as well, so that house-keeping can see when it is gone.
const registerSQL = `INSERT INTO log_writers (writer, pid, backend_start)
	SELECT $1::text, pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()`

// drop closes the socket without a word: a server that hangs would not read one.
func (l *lane) drop() {
	if l.conn == nil {
		return
	}
	_ = l.conn.Conn().Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = l.conn.Close(ctx)
	l.conn = nil
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = true
	if l.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = l.conn.Close(ctx)
		l.conn = nil
	}
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, errClosed) ||
		err.Error() == "closed pool" || err.Error() == "conn closed"
}
