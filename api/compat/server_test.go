package compat_test

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
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	adminKey = "admin-key-of-these-tests"
	secret   = "a-password-of-these-tests"
	patience = 20 * time.Second
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "hotseat-compat-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the binary:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "hotseat")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/hotseat").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// said is what a process writes, which the test reads meanwhile.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// server is the program on a store of its own. Only the test's goroutine uses it.
type server struct {
	*testing.T
	folder  string
	flags   []string
	process *exec.Cmd
	log     *said
	listen  string
	kafka   string // the development broker, if there is one
}

func start(t *testing.T, flags ...string) *server {
	s := &server{T: t, folder: t.TempDir(), flags: flags, listen: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start runs the program, again on the port that it had before.
func (s *server) start() {
	s.Helper()
	followSources(s.T)
	addresses := filepath.Join(s.folder, "addresses")
	_ = os.Remove(addresses)
	s.log = &said{}
	s.process = exec.Command(binary, append([]string{
		"serve", "--listen", s.listen, "--ops-listen", "127.0.0.1:0",
		"--store", "embedded:" + filepath.Join(s.folder, "store"), "--drain-delay", "0s",
	}, s.flags...)...)
	s.process.Dir = s.folder
	s.process.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "HOTSEAT_ADMIN_KEY=ops=" + adminKey, "HOTSEAT_TEST_ADDR_FILE=" + addresses}
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(s, s.process.Start())
	var at struct{ Listen, Kafka string }
	require.Eventually(s, func() bool {
		text, err := os.ReadFile(addresses)
		return err == nil && json.Unmarshal(text, &at) == nil
	}, patience, 5*time.Millisecond, "no addresses; it said:\n%s", s.log)
	s.listen, s.kafka = at.Listen, at.Kafka
	require.Eventually(s, func() bool {
		status, _, err := s.send("GET", "/readyz", nil, "")
		return err == nil && status == 200
	}, patience, 5*time.Millisecond, "not ready; it said:\n%s", s.log)
}

func (s *server) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// send makes one request and answers with status and body.
func (s *server) send(method, path string, header map[string]string, body string) (int, string, error) {
	r, err := http.NewRequest(method, "http://"+s.listen+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// ask is send, of which the answer is JSON.
func (s *server) ask(method, path, authorization, body string) (int, map[string]any) {
	s.Helper()
	header := map[string]string{}
	if authorization != "" {
		header["Authorization"] = authorization
	}
	status, text, err := s.send(method, path, header, body)
	require.NoError(s, err)
	var got map[string]any
	if text != "" {
		require.NoError(s, json.Unmarshal([]byte(text), &got), "%s", text)
	}
	return status, got
}

// admin asks as an operator, and is not refused.
func (s *server) admin(method, path, body string) map[string]any {
	s.Helper()
	status, got := s.ask(method, "/v1/admin"+path, "Bearer "+adminKey, body)
	require.Less(s, status, 300, "%v", got)
	return got
}

// hire makes an employee that the original's database knows by a number.
func (s *server) hire(id string, number int) {
	s.Helper()
	s.admin("POST", "/employees", fmt.Sprintf(
		`{"employee_id":%q,"username":"%s.user","password":%q,"first_name":"Ada","last_name":"Lovelace","email":"%s@pos.test","role":"CASHIER","legacy_id":%d}`,
		id, id, secret, id, number))
}
