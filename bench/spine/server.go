package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const serviceKey = "service-key-of-the-benchmark"

// server is the binary at work.
type server struct {
	process *exec.Cmd
	said    bytes.Buffer
	Listen  string
	Ops     string
}

// build makes the binary as `make build` does.
func build(folder string) (string, error) {
	binary := filepath.Join(folder, "hotseat")
	command := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/hotseat")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary (run this from the repository's root): %w\n%s", err, out)
	}
	return binary, nil
}

func serve(binary, folder, store string) (*server, error) {
	addresses := filepath.Join(folder, "addresses")
	s := &server{process: exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
		"--store", store, "--drain-delay", "0s", "--log-level", "warn")}
	s.process.Dir = folder
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTSEAT_") {
			s.process.Env = append(s.process.Env, v)
		}
	}
	s.process.Env = append(s.process.Env, "HOTSEAT_TEST_ADDR_FILE="+addresses, "HOTSEAT_SERVICE_KEY="+serviceKey,
		"HOTSEAT_ADMIN_KEY=admin-key-of-the-benchmark")
	s.process.Stdout, s.process.Stderr = &s.said, &s.said
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	for range 2000 {
		if s.ready(addresses) {
			return s, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, fmt.Errorf("not ready after 20 s; it said:\n%s", s.stop())
}

func (s *server) ready(addresses string) bool {
	text, err := os.ReadFile(addresses)
	if err != nil || json.Unmarshal(text, s) != nil {
		return false
	}
	response, err := http.Get("http://" + s.Ops + "/readyz")
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// profile writes a CPU profile of the next so many seconds, when file is not empty, and answers when
// it is there.
func (s *server) profile(file string, length time.Duration) <-chan error {
	done := make(chan error, 1)
	if file == "" {
		done <- nil
		return done
	}
	go func() {
		response, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%.0f", s.Ops, length.Seconds()))
		if err != nil {
			done <- err
			return
		}
		defer response.Body.Close()
		profile, err := io.ReadAll(response.Body)
		if err == nil {
			err = os.WriteFile(file, profile, 0o644)
		}
		done <- err
	}()
	return done
}

func (s *server) pid() int { return s.process.Process.Pid }

// stop ends the process and returns what it has said.
func (s *server) stop() string {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
	return s.said.String()
}
