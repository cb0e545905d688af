package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/persistence"
	storeclock "github.com/hotseat-hub/hotseat/persistence/clock"
	"github.com/hotseat-hub/hotseat/persistence/fence"
)

func newFence(p program) *cobra.Command {
	var restored bool
	cmd := &cobra.Command{
		Use:   "fence --after-restore",
		Short: "Make a restored store safe, before any server starts on it",
		Long: `Make a store safe that was set back to an older state, by a restored backup or a failover that lost
commits, before any server starts on it. Sessions that had ended since would live again, and tokens and events
of the lost time would be mistaken for others.

All sessions end, every epoch is raised by 1,000,000, the log begins anew, and so do the signing keys and the
secret of refresh tokens: everybody logs in again. It may be run again when it was interrupted.`,
		Example: `  hotseat fence --after-restore
  hotseat fence --after-restore --store embedded:./hotseat-demo`,
		Args: takes(),
	}
	config.Bind(cmd.Flags(), "store", "key-encryption-key-file", "token-alg")
	cmd.Flags().BoolVar(&restored, "after-restore", false, "say that the store was restored: all sessions end")
	out := printing(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !restored {
			return usagef("fence ends every session: say --after-restore")
		}
		c, err := config.Load(cmd.Flags(), p.environ)
		if err != nil {
			return &usageError{err}
		}
		if err := mustExist(c.Store); err != nil {
			return err
		}
		done, made, err := fenceStore(cmd.Context(), &c)
		if err != nil {
			return err
		}
		raw := rawJSON(map[string]any{"employees": done.Employees, "sessions": done.Sessions, "kid": made.KID})
		return out.result(raw, func(w io.Writer) {
			fmt.Fprintf(w, "fenced %d employees; %d sessions ended; new signing key %s\n", done.Employees, done.Sessions, made.KID)
		})
	}
	return cmd
}

// fenceStore opens the store alone and fences it. Keys come last: with the old ones gone nobody could
// tell that it had been interrupted, with the new ones missing it is only run again.
func fenceStore(ctx context.Context, c *config.Config) (done fence.Result, made token.Rotation, err error) {
	keks, err := readKEKs(c.KeyEncryptionKeyFile)
	if err != nil {
		return done, made, err
	}
	store, err := persistence.Open(ctx, fenceName(c.Store), persistence.Options{})
	if err != nil {
		return done, made, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := alone(ctx, store); err != nil {
		return done, made, err
	}
	clock := storeclock.New(store)
	if err := clock.Sync(ctx); err != nil {
		return done, made, err
	}
	// Before anything is done: without the key-encryption key nothing must be.
	keys, err := token.NewKeys(ctx, token.KeysOptions{Store: signingKeys{store}, Clock: clock, Alg: c.TokenAlg, KEKs: keks})
	if err != nil {
		return done, made, err
	}
	if done, err = fence.Run(ctx, store); err != nil {
		return done, made, err
	}
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // never fails
	if err := store.SetSetting(ctx, tokenSecret, keks.SealSecret(tokenSecret, fresh[:])); err != nil {
		return done, made, err
	}
	made, err = keys.Rotate(ctx, true)
	return done, made, err
}

// fenceName lets the connections of this program be told from those of servers.
func fenceName(store string) string {
	u, err := url.Parse(store)
	if err != nil || strings.HasPrefix(store, "embedded:") {
		return store
	}
	query := u.Query()
	query.Set("application_name", "hotseat-fence")
	u.RawQuery = query.Encode()
	return u.String()
}

// alone refuses while a server works on the store. The embedded store has only one process anyway.
func alone(ctx context.Context, store persistence.Store) error {
	shared, ok := store.(interface {
		Others(ctx context.Context) (int, error)
	})
	if !ok {
		return nil
	}
	n, err := shared.Others(ctx)
	if err == nil && n > 0 {
		err = fmt.Errorf("a server works on this store (%d connections): stop every node first", n)
	}
	return err
}
