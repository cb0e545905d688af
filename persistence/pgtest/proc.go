package pgtest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const dirPrefix = "hotseat-pg-"

// credential is whom the server runs as: it refuses to be root.
func credential() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	c := &syscall.Credential{Uid: 65534, Gid: 65534}
	if u, err := user.Lookup("postgres"); err == nil {
		uid, badUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, badGID := strconv.ParseUint(u.Gid, 10, 32)
		if badUID == nil && badGID == nil {
			c.Uid, c.Gid = uint32(uid), uint32(gid)
		}
	}
	return c
}

// removeStale removes the folders of runs that were killed.
func removeStale() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*")) // the pattern is well-formed
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && processState(n) == 0 {
			_ = os.RemoveAll(dir)
		}
	}
}

// pids are the server's process and its children.
func (s *Server) pids() []int {
	s.mu.Lock()
	cmd := s.cmd
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	pids := []int{cmd.Process.Pid}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, path := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // digits
		if fields := stat(pid); len(fields) > 1 && fields[1] == strconv.Itoa(cmd.Process.Pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// CPU is what the server's processes have used so far, ended children included.
func (s *Server) CPU() time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	var ticks int64
	for i, pid := range s.pids() {
		fields := stat(pid)
		from, to := 11, 13 // utime, stime
		if i == 0 {
			to = 15 // and those of children that were waited for
		}
		for at := from; at < to && at < len(fields); at++ {
			n, _ := strconv.ParseInt(fields[at], 10, 64) // digits
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}

// processState is the state's letter, or zero when there is no such process, or only its entry.
func processState(pid int) byte {
	fields := stat(pid)
	if len(fields) == 0 || fields[0] == "Z" || fields[0] == "X" {
		return 0
	}
	return fields[0][0]
}

// stat returns the fields of /proc/PID/stat that follow the command's name.
func stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}

// Running reports whether the server's process is there: after a full disk, for example, it may have
// ended by itself.
func (s *Server) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}
