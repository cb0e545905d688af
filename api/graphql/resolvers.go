package graphql

import (
	"context"

	"github.com/hotseat-hub/hotseat/api/graphql/generated"
)

// Backend does what the fields ask, with the credential of one request. The fields of one query ask
// at the same time, those of a mutation one after another. Errors that clients should read are
// Failures.
type Backend interface {
	Login(ctx context.Context, username, password string) (*generated.Login, error)
	Logout(ctx context.Context, terminal string) (*generated.Outcome, error)
	EndSession(ctx context.Context, id string) (*generated.Outcome, error)
	Me(ctx context.Context) (*generated.Employee, error)
	Sessions(ctx context.Context) ([]*generated.Session, error)
	// Events closes its channel after the last event, or when ctx is done.
	Events(ctx context.Context) (<-chan *generated.SessionEvent, error)
}

type backendKey struct{}

// with gives the backend to the fields.
func with(ctx context.Context, b Backend) context.Context {
	return context.WithValue(ctx, backendKey{}, b)
}

func backend(ctx context.Context) Backend { return ctx.Value(backendKey{}).(Backend) }

// root is where the generated code asks.
type root struct{}

func (root) Query() generated.QueryResolver               { return root{} }
func (root) Mutation() generated.MutationResolver         { return root{} }
func (root) Subscription() generated.SubscriptionResolver { return root{} }

func (root) Login(ctx context.Context, username, password string) (*generated.Login, error) {
	return backend(ctx).Login(ctx, username, password)
}

func (root) Logout(ctx context.Context, terminal string) (*generated.Outcome, error) {
	return backend(ctx).Logout(ctx, terminal)
}

func (root) EndSession(ctx context.Context, id string) (*generated.Outcome, error) {
	return backend(ctx).EndSession(ctx, id)
}

func (root) Me(ctx context.Context) (*generated.Employee, error) { return backend(ctx).Me(ctx) }

func (root) Sessions(ctx context.Context) ([]*generated.Session, error) {
	return backend(ctx).Sessions(ctx)
}

func (root) SessionEvents(ctx context.Context) (<-chan *generated.SessionEvent, error) {
	return backend(ctx).Events(ctx)
}
