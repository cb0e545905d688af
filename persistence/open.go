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
	dir, err := folder(url)
	switch {
	case err != nil:
		return nil, err
	case dir != "":
		return orNil(embedded.Open(ctx, dir, o))
	}
	return orNil(postgres.Open(ctx, url, o))
}

// Schema looks at the store named by url, which must be there, and makes nothing. It also looks at one
// that Open refuses to open because it needs a newer program.
func Schema(ctx context.Context, url string) (SchemaStatus, error) {
	dir, err := folder(url)
	switch {
	case err != nil:
		return SchemaStatus{}, err
	case dir != "":
		return embedded.Schema(ctx, dir)
	}
	return postgres.Schema(ctx, url)
}

// folder is the embedded store's; empty: url is PostgreSQL's.
func folder(url string) (dir string, err error) {
	dir, ok := strings.CutPrefix(url, "embedded:")
	switch {
	case ok && dir == "":
		return "", fmt.Errorf("store %q: name the data folder, as in embedded:./hotseat-data", url)
	case ok:
		return dir, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return "", nil
	}
	scheme, _, _ := strings.Cut(url, ":") // the rest may hold a password
	return "", fmt.Errorf("store %q…: want embedded:DIR or postgres://…", scheme)
}

// orNil keeps a nil pointer from becoming a Store that is not nil.
func orNil[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
