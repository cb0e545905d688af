package embedded_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/migrate"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

// stranger changes the closed store in dir behind its back.
func stranger(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "hotseat.db"))
	require.NoError(t, err)
	_, err = db.Exec(statement)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestMigrationsRunOnce(t *testing.T) {
	dir := t.TempDir()
	_, err := embedded.Open(t.Context(), dir, store.Options{Migrate: store.MigrateCheck})
	require.ErrorIs(t, err, migrate.ErrPending)
	for _, mode := range []store.Migrate{store.MigrateAuto, store.MigrateAuto, store.MigrateCheck, store.MigrateOff} {
		s, err := embedded.Open(t.Context(), dir, store.Options{Migrate: mode})
		require.NoError(t, err, mode)
		status, err := s.Schema(t.Context())
		require.NoError(t, err)
		require.False(t, status.Pending())
		require.NoError(t, s.Close())
	}
}

func TestAProgramOlderThanMinBinaryIsRefusedInEveryMode(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, open(t, dir).Close())
	stranger(t, dir, `UPDATE schema_info SET min_binary = 1000`)
	for _, mode := range []store.Migrate{store.MigrateAuto, store.MigrateCheck, store.MigrateOff} {
		_, err := embedded.Open(t.Context(), dir, store.Options{Migrate: mode})
		require.ErrorIs(t, err, migrate.ErrTooNew, mode)
	}
	status, err := embedded.Schema(t.Context(), dir)
	require.NoError(t, err, "it may be looked at")
	require.EqualValues(t, 1000, status.MinBinary)
	require.True(t, status.TooNew())
}

func TestALookAtAStoreMakesNothing(t *testing.T) {
	dir := t.TempDir()
	_, err := embedded.Schema(t.Context(), dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Empty(t, modes(t, dir))

	file := filepath.Join(dir, "hotseat.db")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	status, err := embedded.Schema(t.Context(), dir)
	require.NoError(t, err)
	require.Zero(t, status.Version)
	require.True(t, status.Pending())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, text)

	s := open(t, dir)
	_, err = embedded.Schema(t.Context(), dir)
	require.ErrorIs(t, err, embedded.ErrHeld)
	want, err := s.Schema(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	status, err = embedded.Schema(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, want, status)
}

func TestATailBeginsSecondsBeforeItWasMadeAndOldRowsArePurged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subject, seat := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada")
	for range 4 {
		w := seat.Login(subject.Time())
		w.Change.Key = &session.KeyRecord{Hash: [16]byte{byte(w.Expected)}, At: session.Time(w.Expected)}
		subject.Must(w)
		seat.Done()
	}
	require.NoError(t, s.Close())
	stranger(t, dir, `UPDATE log SET at = at - 60000 WHERE seq <= 3`)
	s, err := embedded.Open(t.Context(), dir, store.Options{Retention: 30 * time.Second})
	require.NoError(t, err)
	defer s.Close()
	subject.Store = s
	require.Len(t, subject.Next(s.Tail()), 1)
	require.NoError(t, s.KeepTerminal(t.Context(), "till-1", "ada", subject.Time().Add(-time.Second)))
	require.NoError(t, s.KeepTerminal(t.Context(), "till-2", "ada", subject.Time().Add(time.Minute)))
	require.NoError(t, s.Maintain(t.Context()))
	for id, want := range map[session.TerminalID]session.Key{"till-1": "", "till-2": "ada"} {
		key, err := s.Terminal(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, key)
	}
	require.Len(t, subject.Started(10), 1)
	found, err := s.FindKey(t.Context(), "ada", [16]byte{3}, 0)
	require.NoError(t, err)
	require.Nil(t, found)
}

func TestASeqDoesNotComeBackAfterAPurge(t *testing.T) {
	s, err := embedded.Open(t.Context(), t.TempDir(), store.Options{Retention: time.Millisecond})
	require.NoError(t, err)
	defer s.Close()
	subject, seat, tail := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada"), s.Tail()
	subject.Login(seat)
	subject.Login(seat)
	require.Len(t, subject.Next(tail), 1)
	require.Eventually(t, func() bool {
		require.NoError(t, s.Maintain(t.Context()))
		return len(subject.Started(10)) == 0
	}, 5*time.Second, time.Millisecond)
	subject.Login(seat)
	require.Len(t, subject.Next(tail), 1, "a tail would wait for a higher seq for ever")
}
