package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Process is one that a benchmark watches.
type Process struct {
	Name string // such as server, database
	PID  int
	// Server: it is one of those that are measured, whatever its name.
	Server bool
	// Children counts those that it has and had too, as a PostgreSQL's.
	Children bool
	// Used, when set, tells the CPU time instead of /proc: of several processes that go together.
	Used func() time.Duration
}

// Self is the benchmark.
func Self() Process { return Process{Name: "client", PID: os.Getpid()} }

// clockTick is the unit of /proc/PID/stat on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// The fields of /proc/PID/stat after the name, which may hold anything.
const (
	statParent = 4 - 3
	statUser   = 14 - 3
	statWaited = 16 - 3 // user time of children that were waited for; system time follows
)

// CPU is the process's time, user and system.
func (p Process) CPU() (time.Duration, error) {
	if p.Used != nil {
		return p.Used(), nil
	}
	fields, err := stat(p.PID)
	if err != nil {
		return 0, err
	}
	sum := ticks(fields, statUser)
	if !p.Children {
		return sum, nil
	}
	sum += ticks(fields, statWaited)
	for _, child := range children(p.PID) {
		if fields, err := stat(child); err == nil { // else it has ended, and is counted with those waited for
			sum += ticks(fields, statUser)
		}
	}
	return sum, nil
}

// Resident is the memory that is in RAM. Of memory shared between children it knows nothing, so it is
// of the process alone.
func (p Process) Resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no VmRSS", p.PID)
	}
	kB, err := strconv.ParseInt(fields[0], 10, 64)
	return kB << 10, err
}

// FileLimit is how many files the process may open.
func (p Process) FileLimit() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.PID))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "Max open files")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/limits says nothing of open files", p.PID)
	}
	if fields[0] == "unlimited" {
		return 1 << 30, nil
	}
	return strconv.Atoi(fields[0])
}

// Command is the process's program, and Program its file's name.
func (p Process) Program() string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.PID))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func ticks(fields []string, first int) time.Duration {
	a, _ := strconv.Atoi(fields[first]) // the kernel writes numbers
	b, _ := strconv.Atoi(fields[first+1])
	return time.Duration(a+b) * clockTick
}

func stat(pid int) ([]string, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("processes cannot be watched on %s", runtime.GOOS)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	at := strings.LastIndex(string(text), ") ")
	fields := strings.Fields(string(text[max(at, 0):]))
	if at < 0 || len(fields) < 20 {
		return nil, fmt.Errorf("/proc/%d/stat is not as expected", pid)
	}
	return fields[1:], nil
}

func children(parent int) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if fields, err := stat(pid); err == nil && fields[statParent] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}
