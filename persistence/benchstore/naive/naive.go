package naive

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Bench is one database with a schema of its own.
type Bench struct {
	URL       string // postgres://…
	Program   string // pgbench
	Employees int
	Clients   int // connections
}

// Result is one turn's.
type Result struct {
	Takeovers int64
	Took      time.Duration // without the time that making the connections took
	CPU       time.Duration // of pgbench itself
}

// PerSecond is the rate.
func (r *Result) PerSecond() float64 { return float64(r.Takeovers) / r.Took.Seconds() }

var schema = []string{
	`DROP TABLE IF EXISTS sessions, events`,
	`CREATE TABLE sessions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), employee bigint NOT NULL, terminal text NOT NULL,
		user_agent text NOT NULL, active boolean NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz)`,
	`CREATE TABLE events (id bigserial PRIMARY KEY, employee bigint NOT NULL, kind text NOT NULL, terminal text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
	`INSERT INTO sessions (employee, terminal, user_agent, active) SELECT e, 'till-0', repeat('u', 100), true FROM generate_series(1, %d) AS e`,
	`CREATE INDEX sessions_active ON sessions (employee) WHERE active`,
	`VACUUM ANALYZE`,
}

const script = `\set e random(1, %d)
BEGIN;
UPDATE sessions SET active = false, ended_at = now() WHERE employee = :e AND active;
INSERT INTO sessions (employee, terminal, user_agent, active) VALUES (:e, 'till-1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', true);
INSERT INTO events (employee, kind, terminal) VALUES (:e, 'takeover', 'till-1');
COMMIT;
`

// Prepare makes the tables, and a session for each employee. Tables of these names are dropped.
func (b *Bench) Prepare(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.URL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range schema {
		if strings.Contains(sql, "%d") {
			sql = fmt.Sprintf(sql, b.Employees)
		}
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

var (
	transactions = regexp.MustCompile(`number of transactions actually processed: (\d+)`)
	rate         = regexp.MustCompile(`tps = ([0-9.]+)`)
)

// Run takes seats over for so long, whole seconds.
func (b *Bench) Run(ctx context.Context, length time.Duration) (Result, error) {
	dir, err := os.MkdirTemp("", "hotseat-naive-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "takeover.sql")
	if err := os.WriteFile(file, fmt.Appendf(nil, script, b.Employees), 0o600); err != nil {
		return Result{}, err
	}
	cmd := exec.CommandContext(ctx, b.Program, "-n", "-M", "prepared", "-c", strconv.Itoa(b.Clients), "-j", "2",
		"-T", strconv.Itoa(max(1, int(length.Seconds()))), "-f", file)
	if cmd.Env, err = environment(b.URL); err != nil {
		return Result{}, err
	}
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return Result{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	r := Result{Took: time.Since(began), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if m := transactions.FindSubmatch(out); m != nil {
		r.Takeovers, _ = strconv.ParseInt(string(m[1]), 10, 64) // digits
	}
	// Its connections take a while to make: they are not part of its rate.
	if m := rate.FindSubmatch(out); m != nil && r.Takeovers > 0 {
		tps, _ := strconv.ParseFloat(string(m[1]), 64) // digits
		r.Took = time.Duration(float64(r.Takeovers) / tps * float64(time.Second))
	}
	return r, nil
}

// environment tells pgbench where to connect, without showing a password to every user of the machine.
func environment(raw string) ([]string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "PGHOST="+u.Hostname(), "PGUSER="+u.User.Username(), "PGDATABASE="+strings.TrimPrefix(u.Path, "/"))
	if u.Port() != "" {
		env = append(env, "PGPORT="+u.Port())
	}
	if password, given := u.User.Password(); given {
		env = append(env, "PGPASSWORD="+password)
	}
	if mode := u.Query().Get("sslmode"); mode != "" {
		env = append(env, "PGSSLMODE="+mode)
	}
	return env, nil
}
