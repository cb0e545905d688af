package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/api/graphql"
)

// graphQLPath is where GraphQL is, with or without a last slash.
const graphQLPath = "/graphql"

// graphQL is /graphql: every operation of its schema, by POST, by GET for queries, and over a socket.
// Each field takes the credential that it needs, so one that is bad disturbs no login.
func (x *exchange) graphQL() error {
	fields := &fields{x}
	if graphql.IsUpgrade(x.r) {
		x.gql.Socket(x.w, x.r, fields.open)
		return nil
	}
	var op graphql.Operation
	var err error
	if x.r.Method == http.MethodPost {
		var body []byte
		if body, err = x.body(); err != nil {
			return err
		}
		op, err = graphql.ParseBody(body)
	} else {
		op, err = graphql.ParseQuery(x.r.URL.Query())
	}
	if err != nil {
		return invalidRequest("%v", err)
	}
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	x.gql.Answer(x.w, x.r, fields, op)
	return nil
}

// fields answers what GraphQL's fields ask of one request or socket. Fields of one query ask at the
// same time, so each takes a copy of the exchange.
type fields struct{ x *exchange }

var _ graphql.Backend = (*fields)(nil)

// open is the backend of a socket: a page can set no header, so the credential may come by message.
func (f *fields) open(_ context.Context, authorization string) (graphql.Backend, error) {
	if authorization == "" {
		return f, nil
	}
	copied := *f.x
	copied.r = f.x.r.Clone(f.x.r.Context())
	copied.r.Header.Set("Authorization", authorization)
	if _, err := (&fields{&copied}).at(context.WithoutCancel(f.x.r.Context())).verify(); err != nil {
		return nil, err
	}
	return &fields{&copied}, nil
}

// at is a copy of the exchange for one field. The original's scheme is JWT where ours is Bearer.
func (f *fields) at(ctx context.Context) *exchange {
	copied := *f.x
	copied.r = f.x.r.WithContext(ctx)
	if sent := copied.r.Header.Get("Authorization"); copied.o.Compat != nil && len(sent) > 4 && strings.EqualFold(sent[:4], "JWT ") {
		copied.r.Header = copied.r.Header.Clone()
		copied.r.Header.Set("Authorization", "Bearer "+sent[4:])
	}
	return &copied
}

// session is at, with a credential whose session lives.
func (f *fields) session(ctx context.Context) (*exchange, error) {
	x := f.at(ctx)
	return x, x.authenticateSession()
}

// failure is an error as GraphQL's clients read it. The original knows one text; what a problem says
// beside is in the extensions.
func (f *fields) failure(err error) error {
	if err == nil {
		return nil
	}
	p := f.x.problemFor(err)
	shown := &graphql.Failure{Message: p.detail, Code: p.code, Extensions: map[string]any{"requestId": f.x.id}}
	if errors.Is(err, errInvalidCredentials) {
		shown.Message = "Invalid credentials"
	}
	if p.termination != nil {
		shown.Extensions["termination"] = p.termination
	}
	if p.active != nil {
		shown.Extensions["active"] = activeViews(p.active)
	}
	if p.retryAfter > 0 {
		shown.Extensions["retryAfterMs"] = p.retryAfter.Milliseconds()
	}
	return shown
}
