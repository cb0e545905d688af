package graphql

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/hotseat-hub/hotseat/api/graphql/generated"
)

// Options of a Server; the zero value is ready for production.
type Options struct {
	// Introspection shows the schema to whoever asks. A till needs none.
	Introspection bool
	// InitTimeout is how long a socket may take to send connection_init; 10 s. PingEvery is how often
	// the server asks whether it is still there, and how long it waits for the answer; 25 s.
	InitTimeout, PingEvery time.Duration
	// MaxSockets is how many sockets there may be at once; 4096, at some 20 kB each. Further ones are
	// told to come back.
	MaxSockets int
	// Stopping is closed when sockets must leave; nil: never.
	Stopping <-chan struct{}
	Log      *slog.Logger
}

// Server answers GraphQL operations. Any goroutine may call its methods.
type Server struct {
	o       Options
	exec    *executor.Executor
	sockets chan struct{} // one place per socket
}

// New returns a Server.
func New(o Options) *Server {
	if o.InitTimeout == 0 {
		o.InitTimeout = 10 * time.Second
	}
	if o.PingEvery == 0 {
		o.PingEvery = 25 * time.Second
	}
	if o.MaxSockets == 0 {
		o.MaxSockets = 4096
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, sockets: make(chan struct{}, o.MaxSockets)}
	s.exec = executor.New(generated.NewExecutableSchema(generated.Config{Resolvers: root{}, Complexity: costs()}))
	s.exec.SetParserTokenLimit(maxTokens)
	s.exec.SetErrorPresenter(present)
	s.exec.SetRecoverFunc(s.recovered)
	s.exec.Use(depthLimit{introspection: o.Introspection})
	limit := maxComplexity
	if o.Introspection {
		s.exec.Use(extension.Introspection{})
		limit = maxComplexityShown
	} else {
		s.exec.SetDisableSuggestion(true) // a suggestion tells names, too
	}
	s.exec.Use(extension.FixedComplexityLimit(limit))
	return s
}

// Failure is an error that clients read: the message is GraphQL's, the rest its extensions.
type Failure struct {
	Message    string
	Code       string // of the contract's problems
	Extensions map[string]any
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// present shows failures as they are, and of other errors that of the query itself; what else goes
// wrong is the Backend's to turn into a Failure.
func present(ctx context.Context, err error) *gqlerror.Error {
	shown := graphql.DefaultErrorPresenter(ctx, err)
	if f, ok := shown.Err.(*Failure); ok {
		shown.Message = f.Message
		shown.Extensions = map[string]any{"code": f.Code}
		for name, value := range f.Extensions {
			shown.Extensions[name] = value
		}
	}
	return shown
}

// recovered contains a panic in a field. Its value may hold what a client sent, and is not logged.
func (s *Server) recovered(context.Context, any) error {
	s.o.Log.Error("panic in a GraphQL field", "stack", string(debug.Stack()))
	return &Failure{Message: "an error in the server; its log says more", Code: "internal"}
}
