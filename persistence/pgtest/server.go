package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of a server of a test's own.
type Options struct {
	// Fsync makes commits durable, as crash tests and benchmarks need it; else it is off.
	Fsync bool
	// Dir is where the server's folder is made; the system's temporary folder when empty.
	Dir string
	// Address is where it listens, and whose neighbours (/24) it trusts; 127.0.0.1 when empty. Only for
	// networks that a test made.
	Address string
	// Settings are further ones of postgresql.conf.
	Settings map[string]string
}

// Server is one PostgreSQL. One goroutine at a time may call its methods, URL and CPU excepted.
type Server struct {
	o    Options
	bin  string
	dir  string // 0755; data below it 0700
	cred *syscall.Credential
	port int

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// NewServer starts a server that goes with the test.
func NewServer(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := newServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return s
}

func newServer(o Options) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	s := &Server{o: o, bin: bin, cred: credential()}
	if s.dir, err = os.MkdirTemp(o.Dir, fmt.Sprintf("%s%d-", dirPrefix, os.Getpid())); err != nil {
		return nil, err
	}
	if err := s.init(); err != nil {
		s.remove()
		return nil, err
	}
	if err := s.startAnywhere(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) init() error {
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(s.data(), 0o700); err != nil {
		return err
	}
	if s.cred != nil {
		if err := os.Chown(s.data(), int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			return err
		}
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s.trustNeighbours()
}

func (s *Server) trustNeighbours() error {
	f, err := os.OpenFile(filepath.Join(s.data(), "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "host all all %s/24 trust\n", s.o.Address)
	return err
}

// startAnywhere starts the server on a port that nobody has. Who is quicker with one that was free a moment
// ago keeps it.
func (s *Server) startAnywhere() (err error) {
	for range 10 {
		if s.port, err = freePort(s.o.Address); err != nil {
			return err
		}
		if err = s.start(); err == nil || !strings.Contains(err.Error(), "in use") {
			return err
		}
	}
	return err
}

// freePort is free and below the ports that the kernel gives to whoever asks for any: one of those would
// be somebody else's when a server that was stopped comes back.
func freePort(address string) (port int, err error) {
	for range 100 {
		port = 15000 + rand.IntN(15000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true} // Ctrl-C is for who started it
	return cmd
}

// Start starts a stopped or killed server on its old port and data.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// start runs the server on a thread that stays for it: the kernel sends the signal when the thread
// that forked ends, not the process. The thread outlives the server as well: it may have forked others'
// processes before.
func (s *Server) start() error {
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-c", "listen_addresses=" + s.o.Address, "-c", "unix_socket_directories=", "-c", "max_connections=300"}
	if !s.o.Fsync {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	for name, value := range s.o.Settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := s.command("postgres", args...)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT // immediate shutdown, children included
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(done)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.mu.Lock()
	s.cmd, s.done = cmd, done
	s.mu.Unlock()
	return s.ready(done, &output)
}

func (s *Server) ready(done chan struct{}, output *bytes.Buffer) error {
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := s.ping()
		if err == nil {
			return nil
		}
		select {
		case <-done:
			return fmt.Errorf("PostgreSQL did not start:\n%s", output)
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

// ping asks who answers: it may be somebody else's server that has the port.
func (s *Server) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.base("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return err
	}
	if data != s.data() {
		return fmt.Errorf("the server at %s keeps its data in %s, not in %s", s.Addr(), data, s.data())
	}
	return nil
}

// Binary is the path of one of PostgreSQL's programs.
func (s *Server) Binary(name string) string { return filepath.Join(s.bin, name) }

// Addr is where the server listens, for proxies.
func (s *Server) Addr() string { return net.JoinHostPort(s.o.Address, strconv.Itoa(s.port)) }

func (s *Server) base(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.Addr(), database)
}

// Stop shuts the server down, ending its sessions.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.end(syscall.SIGINT)
}

// Kill ends the server and all its children at once, as a crash does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.endAll(syscall.SIGKILL)
}

// Quit ends the server and its children at once, as an operator's immediate stop does.
func (s *Server) Quit(t testing.TB) {
	t.Helper()
	s.endAll(syscall.SIGQUIT)
}

// endAll ends the server, then kills the children that it left, and returns when they are gone.
func (s *Server) endAll(signal syscall.Signal) {
	children := s.pids()
	s.end(signal)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have gone with its parent
	}
	for _, pid := range children {
		for processState(pid) != 0 { // its new parent takes care of it
			time.Sleep(time.Millisecond)
		}
	}
}

// Pause stops the server's processes without their noticing; the return value lets them go on.
func (s *Server) Pause(t testing.TB) (resume func()) {
	t.Helper()
	pids := s.pids()
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	return func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}

func (s *Server) end(signal syscall.Signal) {
	s.mu.Lock()
	cmd, done := s.cmd, s.done
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(signal) // it may have ended by itself
	<-done
}

func (s *Server) remove() {
	s.endAll(syscall.SIGQUIT) // a child that still writes would keep the folder
	_ = os.RemoveAll(s.dir)   // the next run removes what is left
}

func binaries() (string, error) {
	var dirs []string
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	dirs = append(dirs, found...)
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL: run `make deps`, or set %s to the URL of a server", Variable)
}
