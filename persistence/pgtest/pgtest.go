package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// Variable names a server to use instead of starting one. Its user must be allowed to create
// databases.
const Variable = "HOTSEAT_TEST_DATABASE_URL"

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests, stops the shared server, and fails a run that leaks goroutines.
func Main(m *testing.M, options ...goleak.Option) int {
	removeStale()
	code := m.Run()
	if s := shared.server; s != nil {
		s.remove()
	}
	if err := goleak.Find(options...); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// URL makes an empty database, which goes with the test run.
func URL(t testing.TB) string {
	t.Helper()
	if base := os.Getenv(Variable); base != "" {
		url, drop := makeDatabase(t, base)
		t.Cleanup(drop)
		return url
	}
	shared.once.Do(func() {
		shared.server, shared.err = newServer(Options{})
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server.URL(t)
}

// URL makes an empty database on this server, which goes with the server: to drop it costs a checkpoint.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	url, _ := makeDatabase(t, s.base("postgres"))
	return url
}

var databases atomic.Int64

func makeDatabase(t testing.TB, base string) (database string, drop func()) {
	t.Helper()
	name := fmt.Sprintf("hotseat_%d_%d", os.Getpid(), databases.Add(1))
	if err := execute(base, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make database: %v", err)
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String(), func() {
		if err := execute(base, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	}
}

func execute(url string, statements ...string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, strings.Join(statements, ";"))
	return err
}
