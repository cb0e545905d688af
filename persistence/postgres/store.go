package postgres

import (
	"context"
	"errors"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// Open is not there yet.
func Open(_ context.Context, _ string, _ store.Options) (store.Store, error) {
	return nil, errors.New("postgres:// is not supported yet; use embedded:DIR")
}
