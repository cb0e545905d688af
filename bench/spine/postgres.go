package main

import (
	"context"
	"path/filepath"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// postgres measures on a server of its own, as durable as production's.
func (o *options) postgres(ctx context.Context, binary, folder string) (f figures, err error) {
	server, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: o.folder})
	if err != nil {
		return f, err
	}
	defer server.Close()
	store, err := server.Database("hotseat")
	if err != nil {
		return f, err
	}
	reference, err := server.Database("reference")
	if err != nil {
		return f, err
	}
	return o.measure(ctx, binary, filepath.Join(folder, "postgres"), server.CPU, store, reference)
}
