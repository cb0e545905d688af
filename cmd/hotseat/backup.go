package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/persistence/embedded"
)

func newBackup(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the embedded store to a file, while the server runs",
		Long: `Copy the embedded store, as of one moment, to FILE, which must not be there yet. The server may run. The
copy holds password hashes and signing keys: keep it like them (see --key-encryption-key-file). The access
keys beside the store, service.key and admin.key, are files of their own.

To restore: stop the server, put FILE in the place of hotseat.db in the data folder, remove hotseat.db-wal
and hotseat.db-shm, and run hotseat fence --after-restore. For PostgreSQL use its own tools.`,
		Example: `  hotseat backup hotseat-backup.db
  hotseat backup demo-backup.db --store embedded:./hotseat-demo`,
		Args: takes("FILE"),
	}
	config.Bind(cmd.Flags(), "store")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := config.Load(cmd.Flags(), p.environ)
		if err != nil {
			return &usageError{err}
		}
		dir, ok := strings.CutPrefix(c.Store, "embedded:")
		if !ok {
			return usagef("this store is PostgreSQL: use pg_dump, or a base backup with its log")
		}
		if err := embedded.Backup(cmd.Context(), dir, args[0]); err != nil {
			return err
		}
		info, err := os.Stat(args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "copied %s to %s (%d bytes, readable by you alone)\n", dir, args[0], info.Size())
		return nil
	}
	return cmd
}
