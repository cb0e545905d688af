package embedded_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

// expand does to the store in dir what the next version may: columns more in every table, and a table more.
func expand(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "hotseat.db"))
	require.NoError(t, err)
	rows, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.Greater(t, len(tables), 8)
	for _, table := range tables {
		_, err := db.Exec(`ALTER TABLE ` + table + ` ADD COLUMN next TEXT; ALTER TABLE ` + table + ` ADD COLUMN counted INTEGER NOT NULL DEFAULT 0`)
		require.NoError(t, err)
	}
	_, err = db.Exec(`CREATE TABLE next (id INTEGER); INSERT INTO schema_migrations (version_id, is_applied) VALUES (1000, 1)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// The way back from an upgrade: the next version has expanded the schema, and this program, which is then
// the previous one, is put in its place again.
func TestThePreviousProgramWorksOnTheNextSchema(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, func(*testing.T) store.Store) {
		dir := t.TempDir()
		require.NoError(t, open(t, dir).Close())
		expand(t, dir)
		s := open(t, dir)
		return s, func(*testing.T) store.Store { return s }
	})
	dir := t.TempDir()
	require.NoError(t, open(t, dir).Close())
	expand(t, dir)
	for _, mode := range []store.Migrate{store.MigrateAuto, store.MigrateCheck, store.MigrateOff} {
		s, err := embedded.Open(t.Context(), dir, store.Options{Migrate: mode})
		require.NoError(t, err, mode)
		status, err := s.Schema(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1000, status.Version)
		require.False(t, status.Pending())
		require.NoError(t, s.Close())
	}
}
