package graphql

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/hotseat-hub/hotseat/session"
)

// operation is one that runs. A pointer to it tells it from a later one with the same id.
type operation struct{ stop context.CancelFunc }

// maxShown is how much of a client's id fits into a close reason.
const maxShown = 60

// subscribe begins an operation of any kind. The reader goes on meanwhile.
func (t *talk) subscribe(ctx context.Context, m *message) error {
	if t.backend == nil {
		return &refusal{closeUnauthorized, "Unauthorized"}
	}
	if m.ID == "" {
		return &refusal{closeBadRequest, "Invalid message received"}
	}
	op, err := ParseBody(m.Payload)
	if err != nil {
		return &refusal{closeBadRequest, "Invalid message received"}
	}
	run, stop := context.WithCancel(ctx)
	one := &operation{stop}
	t.mu.Lock()
	_, taken := t.running[m.ID]
	full := len(t.running) >= maxOperations
	if !taken && !full {
		t.running[m.ID] = one
	}
	t.mu.Unlock()
	switch {
	case taken:
		stop()
		return &refusal{closeDuplicate, "Subscriber for " + session.Clean(m.ID, maxShown) + " already exists"}
	case full:
		stop()
		return t.failed(ctx, m.ID, gqlerror.List{gqlerror.Errorf("at most %d operations at once", maxOperations)})
	}
	t.operations.Go(func() {
		defer t.forget(m.ID, one)
		t.run(ctx, run, m.ID, op)
	})
	return nil
}

// run answers one operation: next for each answer, then complete, unless the client was first. It
// writes under the socket's context: a write that is cancelled in its middle costs the connection, and
// the client cancels one operation, not the others.
func (t *talk) run(ctx, running context.Context, id string, op Operation) {
	work := graphql.StartOperationTrace(with(running, t.backend))
	asked, problems, status := t.server.create(work, op, false)
	if status != http.StatusOK {
		_ = t.failed(ctx, id, problems)
		return
	}
	next, work := t.server.exec.DispatchOperation(work, asked)
	for answer := next(work); answer != nil; answer = next(work) {
		text, err := json.Marshal(answer)
		if err != nil || t.write(ctx, message{Type: "next", ID: id, Payload: text}) != nil {
			return
		}
	}
	if running.Err() == nil {
		_ = t.write(ctx, message{Type: "complete", ID: id})
	}
}

// failed answers an operation that did not begin.
func (t *talk) failed(ctx context.Context, id string, problems gqlerror.List) error {
	text, err := json.Marshal(problems)
	if err != nil {
		return err
	}
	return t.write(ctx, message{Type: "error", ID: id, Payload: text})
}

// forget frees the id of an operation that ended, unless its client has given it to another.
func (t *talk) forget(id string, one *operation) {
	one.stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[id] == one {
		delete(t.running, id)
	}
}
