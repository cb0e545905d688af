package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever was answered 200 is there, whatever was answered 503 is not, and room on the disk is all
// that it takes to go on.
func TestAFullDiskRefusesLoginsAndLosesNone(t *testing.T) {
	folder := t.TempDir()
	s := &server{
		t: t, store: "embedded:" + folder, listen: restartablePort(t), ownMounts: true,
		wrap: []string{"sh", "-c", `mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o size=16m none "$0" && exec "$@"`, folder},
	}
	// Where / is no mount point, as in a chroot, it cannot be made private, and the disk may be seen
	// out here as well.
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	s.Start()
	c := newCoder(t)
	b := c.open(s, s.mustLogin("ada", "till-0")).established(t)
	release := s.fillDisk(folder)

	answered := map[string]login{}
	refused := ""
	for i := 0; refused == ""; i++ {
		require.Less(t, i, 5000, "the disk is full and nothing was refused")
		employee := fmt.Sprintf("employee-%d", i)
		a := s.trusted(object{"employee_id": employee, "idempotency_key": "k"})
		if a.status == http.StatusOK {
			answered[employee] = s.decodeLogin(a)
			continue
		}
		s.refusedForNow(a)
		refused = employee
	}
	s.refusedForNow(s.trusted(object{"employee_id": "ada", "terminal_id": "till-1", "idempotency_key": "k"}))
	stillThere(t, c, b)
	require.Equal(t, http.StatusOK, s.strict(b.login.AccessToken).status, "reading needs no room")
	require.Equal(t, http.StatusOK, s.probe("/healthz").status)

	release()
	require.Eventually(t, func() bool {
		a := s.trusted(object{"employee_id": refused, "idempotency_key": "k"})
		l := login{}
		return a.status == http.StatusOK && json.Unmarshal(a.body, &l) == nil && l.Session.Epoch == 1
	}, patience, 20*time.Millisecond, "it said:\n%s", s.log)
	require.Equal(t, 2, s.mustLogin("ada", "till-1").Session.Epoch)
	require.Equal(t, "new_login", b.toldAndClosed(t).Reason)
	for employee, l := range answered {
		require.Equal(t, []seat{l.Session}, s.active(employee))
	}
}

// fillDisk leaves no byte free where the server keeps its store; release gives the room back.
func (s *server) fillDisk(folder string) (release func()) {
	s.t.Helper()
	ballast := filepath.Join("/proc", fmt.Sprint(s.process.Process.Pid), "root", folder, "ballast")
	f, err := os.Create(ballast)
	require.NoError(s.t, err)
	defer f.Close()
	for size := 1 << 16; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else {
			require.NoError(s.t, err)
		}
	}
	return func() { require.NoError(s.t, os.Remove(ballast)) }
}

// privateMounts lets a process mount what nobody else sees: as root at once, else as root of a
// user namespace of its own. It is for the process to make them private: what Go does with
// Unshareflags fails in a chroot.
func privateMounts(attr *syscall.SysProcAttr) {
	attr.Cloneflags = syscall.CLONE_NEWNS
	if os.Getuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
}
