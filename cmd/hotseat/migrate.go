package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/embedded"
)

func newMigrate(p program) *cobra.Command {
	return group("migrate", "Show and bring up the schema of a store that no server holds", "  hotseat migrate status",
		newMigrateStatus(p), newMigrateUp(p))
}

func newMigrateStatus(p program) *cobra.Command {
	return newMigration(p, "status", "Show the version of a store's schema",
		"  hotseat migrate status\n  hotseat migrate status --store embedded:./hotseat-demo --json", lookAt)
}

func newMigrateUp(p program) *cobra.Command {
	return newMigration(p, "up", "Bring a store's schema up to this program",
		"  hotseat migrate up\n  hotseat migrate up --store embedded:./hotseat-demo", bringUp)
}

func newMigration(p program, use, short, example string, do func(context.Context, string) (persistence.SchemaStatus, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: takes()}
	config.Bind(cmd.Flags(), "store")
	out := printing(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config.Load(cmd.Flags(), p.environ)
		if err != nil {
			return &usageError{err}
		}
		status, err := do(cmd.Context(), c.Store)
		if err != nil {
			return err
		}
		raw := rawJSON(map[string]any{
			"store": config.MaskURL(c.Store), "version": status.Version, "latest": status.Latest,
			"min_binary": status.MinBinary, "pending": status.Pending(),
		})
		return out.result(raw, func(w io.Writer) { printSchema(w, c.Store, status) })
	}
	return cmd
}

// mustExist keeps a look at a store from making one.
func mustExist(store string) error {
	dir, ok := strings.CutPrefix(store, "embedded:")
	if !ok {
		return nil
	}
	found, err := embedded.Exists(dir)
	if err == nil && !found {
		err = fmt.Errorf("there is no store in %s yet; `hotseat serve` makes one, --store names another", dir)
	}
	return err
}

func lookAt(ctx context.Context, url string) (persistence.SchemaStatus, error) {
	if err := mustExist(url); err != nil {
		return persistence.SchemaStatus{}, err
	}
	return persistence.Schema(ctx, url)
}

func bringUp(ctx context.Context, url string) (status persistence.SchemaStatus, err error) {
	store, err := persistence.Open(ctx, url, persistence.Options{Migrate: persistence.MigrateAuto})
	if err != nil {
		return status, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.Schema(ctx)
}

func printSchema(w io.Writer, store string, s persistence.SchemaStatus) {
	fmt.Fprintf(w, "store\t%s\n", config.MaskURL(store))
	fmt.Fprintf(w, "schema\t%d\n", s.Version)
	fmt.Fprintf(w, "this program\t%d\n", s.Latest)
	fmt.Fprintf(w, "oldest program\t%d\n", s.MinBinary)
	switch {
	case s.TooNew():
		fmt.Fprintln(w, "this store needs a newer program; install it, nothing here changes the store")
	case s.Pending():
		fmt.Fprintln(w, "run `hotseat migrate up`, or start `hotseat serve`, which does the same")
	}
}
