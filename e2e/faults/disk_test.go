package faults

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// smallDisk is a folder on a disk of its own.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "disk")
	require.NoError(t, os.Mkdir(folder, 0o755))
	// The server of the database, another user, must get there.
	for at := folder; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		require.NoError(t, os.Chmod(at, 0o755))
	}
	require.NoError(t, run("mount", "-t", "tmpfs", "-o", "mode=0755,size="+size, "none", folder))
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// fill leaves no byte free on the folder's disk; release gives the room back.
func fill(t *testing.T, folder string) (release func()) {
	t.Helper()
	ballast := filepath.Join(folder, "ballast")
	f, err := os.Create(ballast)
	require.NoError(t, err)
	defer f.Close()
	for size := 1 << 16; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else {
			require.NoError(t, err)
		}
	}
	return func() { require.NoError(t, os.Remove(ballast)) }
}

// Row 14. The disk under the database fills up, the database may well go with it, and both come back.
func TestTheDiskUnderTheDatabaseIsFull(t *testing.T) {
	r := attack(t, "14", "disk full under PostgreSQL", allAndL1...)
	disk := smallDisk(t, "256m")
	s := newSiteWith(t, pgtest.Options{Dir: disk, Settings: map[string]string{"max_wal_size": "64MB", "min_wal_size": "32MB"}})
	n := r.start(s, binaries.current)
	c := r.people(20, 50*time.Millisecond, n)
	r.busy(100)
	before := c.broken.Load()
	r.begin()
	release := fill(t, disk)
	c.starve(t)
	time.Sleep(pick(2*time.Second, 20*time.Second))
	release()
	if !s.database.Running() {
		s.database.Start(t)
	}
	r.heals(heal, n)
	r.over()
	require.Equal(t, before, c.broken.Load(), "sockets that it cost")
	r.recovered(100)
	r.judge()
}

// Row 15. The same under the embedded store, whose process is the node's.
func TestTheDiskUnderTheEmbeddedStoreIsFull(t *testing.T) {
	r := attack(t, "15", "disk full under the embedded store", allAndL1...)
	disk := smallDisk(t, "16m")
	s := &site{t: t, store: "embedded:" + filepath.Join(disk, "data")}
	n := r.start(s, binaries.current)
	c := r.people(20, 50*time.Millisecond, n)
	r.busy(100)
	before := c.broken.Load()
	r.begin()
	release := fill(t, disk)
	c.starve(t)
	time.Sleep(pick(2*time.Second, 20*time.Second))
	release()
	r.heals(5*time.Second, n)
	r.over()
	require.Equal(t, before, c.broken.Load(), "sockets that it cost")
	r.recovered(100)
	r.judge()
}

// starve waits until logins are no longer answered.
func (c *crowd) starve(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		answered := c.answer.Load()
		time.Sleep(500 * time.Millisecond)
		if c.answer.Load() == answered {
			return
		}
		require.True(t, time.Now().Before(end), "logins are answered as if nothing had happened")
	}
}
