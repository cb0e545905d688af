package hub_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/hub/hubtest"
)

// A node that has no descriptors left keeps the sockets it has, says so, and lets those who wait in
// when some leave.
func TestANodeWithoutDescriptorsKeepsItsSocketsAndSaysSo(t *testing.T) {
	hubtest.OutOfDescriptors(t, func(files uint64) error {
		return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: files})
	})
}
