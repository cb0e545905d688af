package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const serviceKey = "service-key-of-the-benchmark"

// server is the binary at work.
type server struct {
	process     *exec.Cmd
	said        bytes.Buffer
	took        time.Duration // until it was ready
	heap        []byte        // the last profile
	Listen, Ops string
}

func serve(binary, folder, store string, environment ...string) (*server, error) {
	addresses := filepath.Join(folder, "addresses")
	if err := os.Remove(addresses); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	s := &server{process: exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
		"--store", store, "--drain-delay", "0s", "--drain-duration", "0s", "--log-level", "warn")}
	s.process.Dir = folder
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTSEAT_") {
			s.process.Env = append(s.process.Env, v)
		}
	}
	s.process.Env = append(s.process.Env, "HOTSEAT_TEST_ADDR_FILE="+addresses, "HOTSEAT_SERVICE_KEY="+serviceKey,
		"HOTSEAT_ADMIN_KEY=admin-key-of-the-benchmark")
	s.process.Env = append(s.process.Env, environment...)
	s.process.Stdout, s.process.Stderr = &s.said, &s.said
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < time.Minute {
		if s.ready(addresses) {
			s.took = time.Since(began)
			return s, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("not ready after a minute; it said:\n%s", s.said.String())
}

func (s *server) ready(addresses string) bool {
	text, err := os.ReadFile(addresses)
	if err != nil || json.Unmarshal(text, s) != nil {
		return false
	}
	response, err := http.Get("http://" + s.Ops + "/readyz")
	return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// stop does not wait for sockets to be drained.
func (s *server) stop() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// residentBytes is the memory of a process that is in RAM.
func residentBytes(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), "VmRSS:")
	if !found {
		return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
	}
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kilobytes << 10, err
}
