package embedded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

// modes are those of all files in dir; the WAL and its index are there only while the store is open.
func modes(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := map[string]string{}
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		found[e.Name()] = info.Mode().String()
	}
	return found
}

const private = "-rw-------"

var allPrivate = map[string]string{
	"hotseat.db": private, "hotseat.db-wal": private, "hotseat.db-shm": private, "hotseat.lock": private,
}

func TestNobodyElseMayReadAStoreInAFolderThatEverybodyMayEnter(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	s := open(t, dir)
	storetest.Subject{Store: s, T: t}.Login(storetest.NewSeat("ada"))
	require.Equal(t, allPrivate, modes(t, dir))

	copies := t.TempDir()
	require.NoError(t, embedded.Backup(t.Context(), dir, filepath.Join(copies, "copy.db")))
	require.Equal(t, map[string]string{"copy.db": private}, modes(t, copies))
}

func TestAStoreThatOthersCouldReadIsClosedToThemAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	storetest.Subject{Store: s, T: t}.Login(storetest.NewSeat("ada"))
	killed := t.TempDir() // what a killed process leaves behind, WAL and all
	for _, name := range []string{"hotseat.db", "hotseat.db-wal", "hotseat.db-shm"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(killed, name), b, 0o600))
		require.NoError(t, os.Chmod(filepath.Join(killed, name), 0o644))
	}
	again := open(t, killed)
	require.Equal(t, allPrivate, modes(t, killed))
	require.Len(t, storetest.Subject{Store: again, T: t}.Started(10), 1, "and it is the same store")
}

// The folder's hotseat.db is a link to another disk, on which there is nothing yet, or the files of a killed process.
func TestAStoreBehindALinkIsPrivateAsWell(t *testing.T) {
	dir, disk := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(disk, "data"), filepath.Join(dir, "hotseat.db")))
	behind := map[string]string{"data": private, "data-wal": private, "data-shm": private}
	s := open(t, dir)
	storetest.Subject{Store: s, T: t}.Login(storetest.NewSeat("ada"))
	require.Equal(t, behind, modes(t, disk))

	killed, other := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(other, "data"), filepath.Join(killed, "hotseat.db")))
	for name := range behind {
		b, err := os.ReadFile(filepath.Join(disk, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(other, name), b, 0o600))
		require.NoError(t, os.Chmod(filepath.Join(other, name), 0o644))
	}
	again := open(t, killed)
	require.Equal(t, behind, modes(t, other))
	require.Len(t, storetest.Subject{Store: again, T: t}.Started(10), 1, "and it is the same store")
}
