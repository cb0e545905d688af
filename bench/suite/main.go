package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/limits"
	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/bench/report"
)

func main() {
	var s suite
	flag.DurationVar(&s.length, "time", 8*time.Second, "how long each scenario is measured")
	flag.IntVar(&s.employees, "employees", 5000, "employees of the takeovers, each with an open tab")
	flag.IntVar(&s.sockets, "sockets", 15_000, "sockets of the ramp")
	flag.StringVar(&s.disk, "folder", "/var/tmp", "a folder on a real disk")
	flag.StringVar(&s.write, "write", "", "a document whose tables to rewrite; its plots and raw JSON go beside it")
	flag.StringVar(&s.html, "html", "", "a file for the report to look at")
	flag.StringVar(&s.profile, "profile", "", "a folder for CPU profiles of the program, one per store, taken during the takeovers with 256 in flight")
	flag.BoolVar(&s.takeoversOnly, "takeovers", false, "only takeovers, on both stores")
	flag.BoolVar(&s.kafka, "kafka", false, "only what events on their way to Kafka cost")
	least := flag.String("least", "", "nothing but the least program that commits a takeover and tells a tab, on the empty `store` of this URL, until standard input ends; a run starts it by itself")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	run := s.run
	if *least != "" {
		run = func(ctx context.Context) error { return serveLeast(ctx, *least, os.Stdin, os.Stdout) }
	}
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(1)
	}
}

// suite is one whole run. One goroutine.
type suite struct {
	length                     time.Duration
	employees, sockets         int
	disk, write, html, profile string
	takeoversOnly, kafka       bool

	folder    string // of this run, on the disk
	binary    string
	abilities limits.Abilities // of the machine, just before what is measured now
	results   []report.Result
	others    others
	began     time.Time
	took      time.Duration
}

func (s *suite) run(ctx context.Context) error {
	s.began = time.Now()
	s.results = make([]report.Result, 0, 64) // scenario keeps pointers into it
	folder, err := os.MkdirTemp(s.disk, "hotseat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s.folder = folder
	if s.binary, err = program.Build(ctx, folder); err != nil {
		return err
	}
	if s.kafka {
		return s.onKafka(ctx)
	}
	s.measure(ctx)
	if !s.takeoversOnly {
		s.others.run(ctx, s.disk)
	}
	s.took = time.Since(s.began)
	if err := s.publish(); err != nil {
		return err
	}
	if n := len(s.others.failed); n > 0 {
		return fmt.Errorf("%d parts were not measured, the first: %s", n, s.others.failed[0])
	}
	return nil
}

// publish prints the tables, and writes what was asked for.
func (s *suite) publish() error {
	fmt.Printf("\n%s\n", s.tables(nil))
	if len(s.results) == 0 {
		return nil
	}
	if s.html != "" {
		page, err := report.HTML(s.results)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(s.html), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(s.html, page, 0o644); err != nil {
			return err
		}
	}
	if s.write == "" {
		return nil
	}
	raw, err := report.EncodeCompact(s.results)
	if err != nil {
		return err
	}
	base := filepath.Dir(s.write)
	if err := os.WriteFile(filepath.Join(base, "performance.json"), raw, 0o644); err != nil {
		return err
	}
	if err := s.plots(filepath.Join(base, "images")); err != nil {
		return err
	}
	return s.rewrite(s.write)
}

// say tells whoever waits what is done now.
func (s *suite) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%5.0fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// result finds one by its name; an empty one when it is not there.
func (s *suite) result(name string) *report.Result {
	for i := range s.results {
		if s.results[i].Name == name {
			return &s.results[i]
		}
	}
	return &report.Result{Machine: host.ThisMachine()}
}
