package host

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is what reports say about where they were measured.
type Machine struct {
	OS      string `json:"os"`
	Kernel  string `json:"kernel,omitempty"`
	CPU     string `json:"cpu,omitempty"`
	Cores   int    `json:"cores"`
	Memory  int64  `json:"memory_bytes,omitempty"`
	Go      string `json:"go"`
	MaxProc int    `json:"gomaxprocs"`
}

// ThisMachine describes where the program runs.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), MaxProc: runtime.GOMAXPROCS(0)}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.CPU = value(string(text), "model name")
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		kB, _ := strconv.ParseInt(strings.TrimSuffix(value(string(text), "MemTotal"), " kB"), 10, 64)
		m.Memory = kB << 10
	}
	return m
}

// value finds the first line "name : value".
func value(text, name string) string {
	for _, line := range strings.Split(text, "\n") {
		key, v, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Busy is the time that all cores together have worked, and how long they were there to work.
func Busy() (busy, there time.Duration, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 8 {
		return 0, 0, errors.New("/proc/stat is not as expected")
	}
	const idle, waiting = 4, 5
	for i, field := range fields[1:8] {
		n, _ := strconv.ParseInt(field, 10, 64)
		there += time.Duration(n) * clockTick
		if i+1 != idle && i+1 != waiting {
			busy += time.Duration(n) * clockTick
		}
	}
	return busy, there, nil
}
