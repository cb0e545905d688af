package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// copies are the ways to keep a copy of a store and to put it somewhere else.
type copies struct {
	store   string
	save    func() // while the server runs
	restore func() (store string)
}

func embeddedCopies(t *testing.T) copies {
	store, file := embedded(t), filepath.Join(t.TempDir(), "backup.db")
	return copies{
		store: store,
		save:  func() { command(t, binary, "backup", file, "--store", store) },
		restore: func() string {
			dir := filepath.Join(t.TempDir(), "restored")
			require.NoError(t, os.Mkdir(dir, 0o700))
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "hotseat.db"), text, 0o600))
			return "embedded:" + dir
		},
	}
}

func postgresCopies(t *testing.T) copies {
	database := pgtest.NewServer(t, pgtest.Options{})
	store, file := database.URL(t), filepath.Join(t.TempDir(), "dump.sql")
	return copies{
		store: store,
		save:  func() { command(t, database.Binary("pg_dump"), "--file", file, store) },
		restore: func() string {
			fresh := database.URL(t)
			command(t, database.Binary("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--file", file, fresh)
			return fresh
		},
	}
}

// command runs a program that must succeed.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), out)
	return string(out)
}

func TestARestoredStoreRevivesNoSessionOnceItIsFenced(t *testing.T) {
	for name, make := range map[string]func(*testing.T) copies{"embedded": embeddedCopies, "postgres": postgresCopies} {
		t.Run(name, func(t *testing.T) {
			c := make(t)
			s := start(t, c.store)
			ended := s.mustLogin("ada", "till-1")
			c.save()
			lost := s.mustLogin("ada", "till-2") // ends the session of the copy
			new := s.mustLogin("bob", "till-1")  // whom the copy does not know
			require.Equal(t, 401, s.show(ended))
			require.Equal(t, 0, s.Terminate())

			// That this test can fail: without the fence the ended session is back.
			s.store = c.restore()
			s.Start()
			require.Equal(t, 200, s.show(ended))
			require.Equal(t, 0, s.Terminate())

			s.store = c.restore()
			require.Contains(t, command(t, binary, "fence", "--after-restore", "--store", s.store), "1 sessions ended")
			s.Start()
			for _, l := range []login{ended, lost, new} {
				require.Equal(t, 401, s.show(l), l.Session.TerminalID)
				a := s.send("POST", "/v1/token/refresh", "", object{"refresh_token": l.RefreshToken})
				require.Equal(t, 401, a.status, "%s", a.body)
				a = s.send("GET", "/v1/authz", l.AccessToken, nil)
				require.Equal(t, 401, a.status, "%s", a.body)
			}
			again := s.mustLogin("ada", "till-3")
			require.Greater(t, again.Session.Epoch, 1_000_000)
			require.Equal(t, 200, s.show(again))
		})
	}
}

func TestAStoreThatAServerWorksOnIsNotFenced(t *testing.T) {
	s := start(t, pgtest.URL(t))
	l := s.mustLogin("ada", "till-1")
	cmd := exec.Command(binary, "fence", "--after-restore", "--store", s.store)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "stop every node first")
	require.Equal(t, 200, s.show(l))
}

// show is the status of a session by its access token.
func (s *server) show(l login) int {
	s.t.Helper()
	a := s.send(http.MethodGet, "/v1/session", l.AccessToken, nil)
	require.NoError(s.t, a.err)
	return a.status
}
