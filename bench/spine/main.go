package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hotseat-hub/hotseat/bench/program"
)

func main() {
	var o options
	flag.DurationVar(&o.length, "time", 10*time.Second, "how long to take seats over, per store")
	flag.IntVar(&o.employees, "employees", 5000, "how many employees, each with an open tab; at least 1000")
	flag.StringVar(&o.folder, "folder", "/var/tmp", "a folder on a real disk")
	flag.StringVar(&o.profile, "profile", "", "a folder for CPU profiles of the app, one per store, taken during the takeovers with 256 in flight")
	flag.BoolVar(&o.kafka, "kafka", false, "compare with events going to Kafka, instead of the tables")
	flag.Parse()
	if err := o.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "spine:", err)
		os.Exit(1)
	}
}

type options struct {
	length          time.Duration
	employees       int
	folder, profile string
	kafka           bool
	args            []string // further flags of the server
}

func (o *options) run(ctx context.Context) error {
	if o.employees < 1000 {
		return fmt.Errorf("-employees %d: at least 1000 are needed for the latencies", o.employees)
	}
	folder, err := os.MkdirTemp(o.folder, "hotseat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary, err := program.Build(ctx, folder)
	if err != nil {
		return err
	}
	if o.kafka {
		compared, err := o.onKafka(ctx, binary, folder)
		fmt.Printf("%s", compared)
		return err
	}
	onPostgres, err := o.postgres(ctx, binary, folder)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	onEmbedded, err := o.embedded(ctx, binary, folder)
	if err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	report := tables([]result{{"PostgreSQL", onPostgres}, {"embedded", onEmbedded}}, o.employees)
	fmt.Printf("%s", report)
	return nil
}

func (o *options) embedded(ctx context.Context, binary, folder string) (figures, error) {
	return o.measure(ctx, binary, filepath.Join(folder, "embedded"), nil,
		"embedded:"+filepath.Join(folder, "data"), "embedded:"+filepath.Join(folder, "reference"))
}

// measure runs the binary on one store, whose processes' CPU storeCPU tells when it has any, and
// the reference commits on another of the same kind.
func (o *options) measure(ctx context.Context, binary, folder string, storeCPU func() time.Duration, store, referenceStore string) (f figures, err error) {
	reference, err := newReference(ctx, referenceStore)
	if err != nil {
		return f, err
	}
	defer reference.store.Close()
	s, err := program.Start(ctx, program.Options{Binary: binary, Folder: folder, Store: store, Args: o.args})
	if err != nil {
		return f, err
	}
	r := &run{server: s, storeCPU: storeCPU, commit: reference.commit, employees: o.employees}
	if o.profile != "" {
		r.profile = filepath.Join(o.profile, filepath.Base(folder)+".pprof")
	}
	f, err = r.measure(o.length)
	s.Stop()
	if err != nil {
		err = fmt.Errorf("%w; the server said:\n%s", err, s.Said())
	}
	return f, err
}
