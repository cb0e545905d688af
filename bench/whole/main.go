package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

func main() {
	o := options{}
	flag.IntVar(&o.employees, "employees", 1_000_000, "employees in each store, each with a session")
	flag.StringVar(&o.folder, "folder", "/var/tmp", "a folder on a real disk")
	flag.BoolVar(&o.connect, "connect", true, "measure connected employees too")
	flag.StringVar(&o.profile, "heapprofile", "", "write a heap profile of the server with all of them connected")
	flag.DurationVar(&o.mostStart, "most-start", 0, "fail when a start takes longer")
	flag.Parse()
	if err := o.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "whole:", err)
		os.Exit(1)
	}
}

type options struct {
	employees int
	folder    string
	profile   string
	connect   bool
	mostStart time.Duration
}

func (o *options) run(ctx context.Context) error {
	folder, err := os.MkdirTemp(o.folder, "hotseat-whole-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary, err := program.Build(ctx, folder)
	if err != nil {
		return err
	}
	postgres, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: o.folder})
	if err != nil {
		return err
	}
	defer postgres.Close()
	url, err := postgres.Database("hotseat")
	if err != nil {
		return err
	}
	for _, store := range []string{"embedded:" + filepath.Join(folder, "data"), url} {
		if err := o.start(ctx, binary, folder, store); err != nil {
			return err
		}
	}
	if !o.connect {
		return nil
	}
	return o.connected(ctx, binary, folder)
}

// start fills a store and measures the first start on it, and a second one, for which the store's
// pages are in the kernel's cache.
func (o *options) start(ctx context.Context, binary, folder, store string) error {
	kind := "embedded"
	if store[0] != 'e' {
		kind = "PostgreSQL"
	}
	began := time.Now()
	if err := fill(ctx, store, o.employees); err != nil {
		return fmt.Errorf("fill %s: %w", kind, err)
	}
	fmt.Printf("%-10s %d employees written in %s\n", kind, o.employees, time.Since(began).Round(time.Second))
	for _, which := range []string{"first", "second"} {
		s, err := program.Start(ctx, program.Options{Binary: binary, Folder: folder, Store: store})
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		rss, err := s.Process().Resident()
		s.Kill()
		if err != nil {
			return err
		}
		fmt.Printf("%-10s %s start: ready after %.2f s, %d MB resident\n", kind, which, s.Took.Seconds(), rss>>20)
		if o.mostStart > 0 && s.Took > o.mostStart {
			return fmt.Errorf("%s: ready after %v, at most %v is wanted", kind, s.Took, o.mostStart)
		}
	}
	return nil
}
