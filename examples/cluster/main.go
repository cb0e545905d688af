package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// The keys are as public as the password: everything is on loopback and goes with Ctrl-C.
const (
	nodes      = 3
	serviceKey = "demo=service-key-of-the-demo"
	adminKey   = "demo=admin-key-of-the-demo"
	password   = "demo-password"
)

var port = flag.Int("port", 8081, "of the first node; the others listen on the next ones")

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run() error {
	binary, err := filepath.Abs(filepath.Join("bin", "hotseat"))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	database, err := pgtest.Start(pgtest.Options{Fsync: true})
	if err != nil {
		return err
	}
	defer database.Close()
	store, err := database.Database("hotseat")
	if err != nil {
		return err
	}
	var running []*exec.Cmd
	defer func() { end(running) }()
	for n := range nodes {
		node, err := start(binary, store, n)
		if err != nil {
			return err
		}
		running = append(running, node)
	}
	if err := addEmployees(ctx, binary); err != nil {
		return err
	}
	welcome()
	<-ctx.Done()
	fmt.Println("\nstopping")
	return nil
}

func url(n int) string { return fmt.Sprintf("http://127.0.0.1:%d", *port+n) }

// start runs one node. It is not told of Ctrl-C by the terminal: it is stopped after the others' sake.
func start(binary, store string, n int) (*exec.Cmd, error) {
	node := exec.Command(binary, "serve", "--store", store, "--node-name", fmt.Sprintf("node-%d", n+1),
		"--listen", fmt.Sprintf("127.0.0.1:%d", *port+n), "--ops-listen", "127.0.0.1:0", "--cluster-listen", "127.0.0.1:0",
		"--service-key", serviceKey, "--admin-key", adminKey, "--drain-delay", "0s", "--drain-duration", "1s", "--log-level", "warn")
	node.Stderr = os.Stderr
	node.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := node.Start(); err != nil {
		return nil, fmt.Errorf("start a node (make build first): %w", err)
	}
	return node, nil
}

// addEmployees makes those of the demo, as soon as a node is ready.
func addEmployees(ctx context.Context, binary string) error {
	file := filepath.Join(os.TempDir(), fmt.Sprintf("hotseat-cluster-%d", os.Getpid()))
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return err
	}
	defer os.Remove(file)
	for _, employee := range []string{"ada", "grace", "edsger"} {
		if err := add(ctx, binary, employee, file); err != nil {
			return err
		}
	}
	return nil
}

func add(ctx context.Context, binary, employee, file string) error {
	patience := time.Now().Add(30 * time.Second)
	for {
		add := exec.Command(binary, "employees", "add", employee, "--password-file", file, "--server", url(0))
		add.Env = append(os.Environ(), "HOTSEAT_ADMIN_KEY="+adminKey)
		out, err := add.CombinedOutput()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errors.New("interrupted")
		case time.Now().After(patience):
			return fmt.Errorf("make employee %s: %w: %s", employee, err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// end stops every node and waits for it.
func end(running []*exec.Cmd) {
	for _, node := range running {
		_ = node.Process.Signal(syscall.SIGTERM)
	}
	for _, node := range running {
		_ = node.Wait()
	}
}

func welcome() {
	fmt.Printf("\nThree nodes, one PostgreSQL:\n\n")
	for n := range nodes {
		fmt.Printf("  node-%d  %s\n", n+1, url(n))
	}
	fmt.Printf(`
  Browser:      open %[1]s and %[2]s, log in as ada / %[3]s in both:
                the first window is told, though the login was on another node.
  Command line: bin/hotseat login ada --watch --server %[1]s
                bin/hotseat login ada --watch --server %[2]s     in another terminal
  The nodes:    HOTSEAT_ADMIN_KEY=%[4]s bin/hotseat cluster --server %[1]s
  Stop:         Ctrl-C. The database goes with it.

`, url(0), url(1), password, "admin-key-of-the-demo")
}
