package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/term"

	"github.com/hotseat-hub/hotseat/session"
)

// addressFile names the variable with which a test learns the ports that :0 became.
const addressFile = "HOTSEAT_TEST_ADDR_FILE"

// welcome says where the server is and what to do next.
func (n *node) welcome(ctx context.Context, out io.Writer) error {
	if n.config.Demo {
		if err := n.seedDemo(ctx); err != nil {
			return err
		}
	}
	public, ops := n.listeners.public.Addr().String(), n.listeners.ops.Addr().String()
	for _, path := range n.accessKeys.Made {
		fmt.Fprintf(out, "made %s (readable by you alone)\n", path)
	}
	fmt.Fprintf(out, "hotseat serves %s (metrics and probes on http://%s)\n", n.url(), ops)
	if dev := n.events.dev; dev != nil {
		fmt.Fprintf(out, "development Kafka broker on %s, topic %s (not for production)\n", dev.Addr(), n.config.Events.Topic)
	}
	if n.config.Demo {
		fmt.Fprintf(out, demoWelcome, n.url(), os.Args[0], os.Args[0], n.url(), n.accessKeys.AdminFile, n.config.DataDir())
	}
	n.log.Info("serving", "listen", public, "ops", ops, "store", n.storeKind())
	if file := os.Getenv(addressFile); file != "" {
		at := map[string]string{"listen": public, "ops": ops}
		if dev := n.events.dev; dev != nil {
			at["kafka"] = dev.Addr()
		}
		return writeAddresses(file, at)
	}
	return nil
}

// demoWelcome names the program as it was called: bin/hotseat is in nobody's PATH.
const demoWelcome = `
  Browser:      open %s in two windows and log in as ada / demo-password in both:
                the first window is told and logged out.
  Command line: %s login ada --watch    in two terminals (password: demo-password)
                %s sessions list ada    --server %s if that is not the default
  Admin key:    %s
  Stop:         Ctrl-C.  Start over: stop, then remove %s (make reset)

`

// storeKind is the store without what may be secret in its URL.
func (n *node) storeKind() string {
	if n.config.DataDir() != "" && len(n.config.Store) > 9 && n.config.Store[:9] == "embedded:" {
		return n.config.Store
	}
	return "postgres"
}

func writeAddresses(file string, at map[string]string) error {
	b, err := json.Marshal(at)
	if err != nil {
		return err
	}
	// Whoever waits for the file must not see half of it.
	if err := os.WriteFile(file+".new", b, 0o600); err != nil { // #nosec G703 -- a test names the file
		return err
	}
	return os.Rename(file+".new", file) // #nosec G703 -- a test names the file
}

// demoEmployees are people whom everybody knows.
var demoEmployees = []struct {
	id, first, last, role string
	legacy                int64
}{
	{"ada", "Ada", "Lovelace", "cashier", 1},
	{"grace", "Grace", "Hopper", "manager", 2},
	{"edsger", "Edsger", "Dijkstra", "cashier", 3},
}

func (n *node) seedDemo(ctx context.Context) error {
	hash, err := n.passwords.Hash(ctx, "demo-password")
	if err != nil {
		return err
	}
	for _, e := range demoEmployees {
		id, email, legacy := session.EmployeeID(e.id), e.id+"@example.com", &e.legacy
		_, err := n.employees.Do(ctx, id.Key(), session.Create{
			Employee: id, Actor: "demo",
			Profile: session.ProfilePatch{
				Username: &e.id, FirstName: &e.first, LastName: &e.last, Email: &email, Role: &e.role,
				LegacyID: &legacy, PasswordHash: &hash,
			},
		})
		if err != nil && !errors.Is(err, session.ErrAlreadyExists) {
			return fmt.Errorf("make demo employee %s: %w", e.id, err)
		}
	}
	return nil
}

// newLogger logs as text to a terminal and as JSON to anything else, unless told otherwise.
func newLogger(cfg *Config, w *os.File) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // the configuration allows only levels
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "text" || cfg.LogFormat == "auto" && term.IsTerminal(int(w.Fd())) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func buildInfo() prometheus.Collector {
	version, commit := buildVersion()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hotseat_build_info", Help: "The program that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit},
	}, func() float64 { return 1 })
}
