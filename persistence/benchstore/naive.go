package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// naive is the takeover as it is usually written, without any application around it.
type naive struct {
	o      options
	server *pgtest.Server
}

const naiveDatabase = "naive"

var naiveSchema = []string{
	`CREATE TABLE sessions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), employee bigint NOT NULL, terminal text NOT NULL,
		user_agent text NOT NULL, active boolean NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz)`,
	`CREATE TABLE events (id bigserial PRIMARY KEY, employee bigint NOT NULL, kind text NOT NULL, terminal text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
	`INSERT INTO sessions (employee, terminal, user_agent, active) SELECT e, 'till-0', repeat('u', 100), true FROM generate_series(1, %d) AS e`,
	`CREATE INDEX sessions_active ON sessions (employee) WHERE active`,
	`VACUUM ANALYZE`,
}

const naiveScript = `\set e random(1, %d)
BEGIN;
UPDATE sessions SET active = false, ended_at = now() WHERE employee = :e AND active;
INSERT INTO sessions (employee, terminal, user_agent, active) VALUES (:e, 'till-1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', true);
INSERT INTO events (employee, kind, terminal) VALUES (:e, 'takeover', 'till-1');
COMMIT;
`

func (n *naive) prepare(ctx context.Context) error {
	url, err := n.server.Database(naiveDatabase)
	if err != nil {
		return err
	}
	for _, sql := range naiveSchema {
		if strings.Contains(sql, "%d") {
			sql = fmt.Sprintf(sql, n.o.employees)
		}
		if err := execute(ctx, url, sql); err != nil {
			return err
		}
	}
	return nil
}

var transactions = regexp.MustCompile(`number of transactions actually processed: (\d+)`)

func (n *naive) turn(ctx context.Context) (result, error) {
	dir, err := os.MkdirTemp("", "hotseat-naive-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "takeover.sql")
	if err := os.WriteFile(script, fmt.Appendf(nil, naiveScript, n.o.employees), 0o600); err != nil {
		return result{}, err
	}
	host, port, _ := strings.Cut(n.server.Addr(), ":")
	cmd := exec.CommandContext(ctx, n.server.Binary("pgbench"), "-h", host, "-p", port, "-U", "postgres", "-n", "-M", "prepared",
		"-c", strconv.Itoa(n.o.inFlight), "-j", "2", "-T", strconv.Itoa(int(n.o.turn.Seconds())), "-f", script, naiveDatabase)
	before, began := n.server.CPU(), time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("%w\n%s", err, out)
	}
	r := result{took: time.Since(began), postgres: n.server.CPU() - before, program: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if m := transactions.FindSubmatch(out); m != nil {
		r.takeovers, _ = strconv.ParseInt(string(m[1]), 10, 64) // digits
	}
	// Its connections take a while to make: they are not part of its rate.
	if m := regexp.MustCompile(`tps = ([0-9.]+)`).FindSubmatch(out); m != nil && r.takeovers > 0 {
		tps, _ := strconv.ParseFloat(string(m[1]), 64) // digits
		r.took = time.Duration(float64(r.takeovers) / tps * float64(time.Second))
	}
	return r, nil
}

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}
