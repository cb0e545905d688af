package limits

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/benchstore/naive"
)

// Database is how many naive takeovers a second a PostgreSQL does with so many connections, in a
// database that is given for it alone.
func Database(ctx context.Context, url string, employees, inFlight int, length time.Duration) (a Ability, err error) {
	program, err := pgbench()
	if err != nil {
		return a, err
	}
	b := naive.Bench{URL: url, Program: program, Employees: employees, Clients: inFlight}
	if err := b.Prepare(ctx); err != nil {
		return a, fmt.Errorf("prepare pgbench: %w", err)
	}
	r, err := b.Run(ctx, length)
	return Ability{Name: "naive takeovers in this PostgreSQL (pgbench)", Rate: r.PerSecond()}, err
}

func pgbench() (string, error) {
	if found, err := exec.LookPath("pgbench"); err == nil {
		return found, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the pattern is good
	for _, path := range found {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no pgbench: install PostgreSQL's programs (Debian: apt-get install postgresql-contrib or postgresql), or leave --pgbench out")
}
