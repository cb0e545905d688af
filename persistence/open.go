package persistence

import (
	"context"
	"fmt"
	"strings"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/postgres"
)

// Open opens the store named by url: "embedded:DIR" or "postgres://…". It brings the schema up to
// date as o.Migrate says, and fails when the store cannot be reached, is held by another process, or
// needs a newer program. The caller runs the store's Run, and closes it last.
func Open(ctx context.Context, url string, o Options) (Store, error) {
	switch {
	case strings.HasPrefix(url, "embedded:"):
		dir := strings.TrimPrefix(url, "embedded:")
		if dir == "" {
			return nil, fmt.Errorf("store %q: name the data folder, as in embedded:./hotseat-data", url)
		}
		return orNil(embedded.Open(ctx, dir, o))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return orNil(postgres.Open(ctx, url, o))
	}
	scheme, _, _ := strings.Cut(url, ":") // the rest may hold a password
	return nil, fmt.Errorf("store %q…: want embedded:DIR or postgres://…", scheme)
}

// orNil keeps a nil pointer from becoming a Store that is not nil.
func orNil[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
