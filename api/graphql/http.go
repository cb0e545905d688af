package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Operation is what a client asks. Fields that no standard names are ignored, as it says.
type Operation struct {
	Query     string         `json:"query"`
	Name      string         `json:"operationName"`
	Variables map[string]any `json:"variables"`
}

// ErrBatch refuses a list of operations: each would be one more login that nobody counts.
var ErrBatch = errors.New("send one operation, not a list")

// ParseBody reads the body of a POST. Its errors repeat nothing of it.
func ParseBody(body []byte) (Operation, error) {
	var op Operation
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) > 0 && text[0] == '[' {
		return op, ErrBatch
	}
	return op, parse(body, &op)
}

// ParseQuery reads the parameters of a GET.
func ParseQuery(values url.Values) (Operation, error) {
	op := Operation{Query: values.Get("query"), Name: values.Get("operationName")}
	if text := values.Get("variables"); text != "" {
		return op, parse([]byte(text), &op.Variables)
	}
	return op, nil
}

func parse(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(into) != nil || d.More() {
		return errors.New("an operation is a JSON object with query, operationName and variables")
	}
	return nil
}

// create checks an operation. Queries alone may come in by a GET, which links and images can make.
func (s *Server) create(ctx context.Context, op Operation, readOnly bool) (*graphql.OperationContext, gqlerror.List, int) {
	now := graphql.Now()
	asked, problems := s.exec.CreateOperationContext(ctx, &graphql.RawParams{
		Query: op.Query, OperationName: op.Name, Variables: op.Variables, ReadTime: graphql.TraceTiming{Start: now, End: now},
	})
	switch {
	case len(problems) > 0:
		return asked, problems, http.StatusUnprocessableEntity
	case readOnly && asked.Operation.Operation != ast.Query:
		return asked, gqlerror.List{gqlerror.Errorf("by GET only queries are taken; send a POST")}, http.StatusMethodNotAllowed
	}
	return asked, nil, http.StatusOK
}

// Answer answers one operation. A subscription is answered as a stream, whatever was accepted.
func (s *Server) Answer(w http.ResponseWriter, r *http.Request, b Backend, op Operation) {
	ctx := graphql.StartOperationTrace(with(r.Context(), b))
	asked, problems, status := s.create(ctx, op, r.Method != http.MethodPost)
	stream := strings.Contains(r.Header.Get("Accept"), "text/event-stream") ||
		len(problems) == 0 && asked.Operation.Operation == ast.Subscription
	if len(problems) > 0 {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "POST")
		}
		s.write(w, status, s.exec.DispatchError(graphql.WithOperationContext(ctx, asked), problems))
		return
	}
	next, ctx := s.exec.DispatchOperation(ctx, asked)
	if stream {
		s.stream(ctx, w, next)
		return
	}
	s.write(w, http.StatusOK, next(ctx))
}

func (s *Server) write(w http.ResponseWriter, status int, answer *graphql.Response) {
	text, err := json.Marshal(answer)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"errors":[{"message":"internal"}]}`)
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"application/json"}, []string{"no-store"}
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no answer
}

const (
	streamBeat = 15 * time.Second // proxies cut what is silent for a minute
	slowReader = 10 * time.Second // one write may take that long
)

// stream is GraphQL over SSE in its distinct connections mode: next events, then complete.
func (s *Server) stream(ctx context.Context, w http.ResponseWriter, next graphql.ResponseHandler) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"text/event-stream"}, []string{"no-store"}
	h["X-Accel-Buffering"] = []string{"no"}
	w.WriteHeader(http.StatusOK)
	write := func(text string) bool {
		out := http.NewResponseController(w)
		_ = out.SetWriteDeadline(time.Now().Add(slowReader))
		_, err := w.Write([]byte(text))
		return err == nil && out.Flush() == nil
	}
	answers := pump(ctx, next)
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	for alive := write(":\n\n"); alive; {
		select {
		case answer, more := <-answers:
			if !more {
				write("event: complete\ndata:\n\n")
				return
			}
			text, err := json.Marshal(answer)
			alive = err == nil && write(fmt.Sprintf("event: next\ndata: %s\n\n", text))
		case <-beat.C:
			alive = write(":\n\n")
		case <-s.o.Stopping:
			return
		case <-ctx.Done():
			return
		}
	}
}

// pump calls next until there is no more; the channel is closed then, or when ctx is done.
func pump(ctx context.Context, next graphql.ResponseHandler) <-chan *graphql.Response {
	answers := make(chan *graphql.Response)
	go func() {
		defer close(answers)
		for {
			answer := next(ctx)
			if answer == nil {
				return
			}
			select {
			case answers <- answer:
			case <-ctx.Done():
				return
			}
		}
	}()
	return answers
}
