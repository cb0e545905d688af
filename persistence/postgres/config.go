package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sys/unix"
)

const (
	connectTimeout = 3 * time.Second
	// peerTimeout is how long the other side may leave bytes unacknowledged.
	peerTimeout = 3 * time.Second
	// readTimeout bounds every read; what asks again may find another server.
	readTimeout = 5 * time.Second
	// readers bounds the pool that serves everything but commits.
	readers = 4
)

// settings hold for every session unless the URL says otherwise. A node that stops inside a
// transaction must not hold locks, nor the snapshot, for the others: the server finds out within
// seconds. The planner ones keep the one plan that is right for a batch, by the primary key, also
// while the statistics still say that the tables are small.
var settings = map[string]string{
	"application_name":                    "hotseat",
	"tcp_keepalives_idle":                 "1",
	"tcp_keepalives_interval":             "1",
	"tcp_keepalives_count":                "3",
	"tcp_user_timeout":                    "3000",
	"idle_in_transaction_session_timeout": "5000",
	"lock_timeout":                        "2000",
	"plan_cache_mode":                     "force_generic_plan",
	"enable_seqscan":                      "off",
	"enable_hashjoin":                     "off",
	"enable_mergejoin":                    "off",
	"enable_bitmapscan":                   "off",
	"jit":                                 "off",
}

func configure(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("store URL: %w", err) // pgx masks the password
	}
	for name, value := range settings {
		if config.ConnConfig.RuntimeParams[name] == "" {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.ConnConfig.DialFunc = dial
	config.MaxConns = readers
	config.MinConns = 0
	return config, nil
}

// patient is for migrations and house-keeping, which may wait for locks that stop nobody.
func patient(c *pgx.ConnConfig) *pgx.ConnConfig {
	c = c.Copy()
	c.RuntimeParams["lock_timeout"] = "60000"
	c.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	for _, name := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_bitmapscan", "plan_cache_mode"} {
		delete(c.RuntimeParams, name)
	}
	return c
}

// connecting marks the context of a lane that connects.
type connecting struct{}

var errNoCancel = errors.New("a commit is never cancelled")

// committing is for the lanes. When a connection breaks, pgconn dials once more to cancel what runs on
// it. A commit that waits for its standby would then become visible without having got there, and
// one that hangs would leave its outcome to a race; so only connecting may dial.
func committing(c *pgconn.Config) *pgconn.Config {
	c = c.Copy()
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if ctx.Value(connecting{}) == nil {
			return nil, errNoCancel
		}
		return dial(ctx, network, addr)
	}
	return c
}

// dial makes the kernel give up on a silent server after seconds, not after a quarter of an hour.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 3},
		Control: func(network, _ string, c syscall.RawConn) (err error) {
			if network == "unix" {
				return nil
			}
			controlErr := c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(peerTimeout.Milliseconds()))
			})
			if controlErr != nil {
				return controlErr
			}
			return err
		},
	}
	return d.DialContext(ctx, network, addr)
}
