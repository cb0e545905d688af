package storetest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// SmallDisk mounts a disk of this size that goes with the test. Only root may.
func SmallDisk(t *testing.T, size int64, mode os.FileMode) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hotseat-disk-") // not t.TempDir, which is closed to a server's user
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, mode))
	options := "size=" + strconv.FormatInt(size, 10) + ",mode=" + strconv.FormatInt(int64(mode), 8)
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, options), "run the tests of a full disk as root")
	t.Cleanup(func() {
		require.NoError(t, syscall.Unmount(dir, 0))
		require.NoError(t, os.Remove(dir))
	})
	return dir
}

// FillDisk takes all the room there is on the disk, and gives it back when asked.
func FillDisk(t *testing.T, dir string) (makeRoom func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err = f.Write(chunk); err != nil {
			require.True(t, errors.Is(err, syscall.ENOSPC), err)
			chunk = chunk[:len(chunk)/2]
		}
	}
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(path)) }
}
