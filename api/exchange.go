package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// exchange is one request and its answer. Only the request's goroutine uses it.
type exchange struct {
	*API
	w  http.ResponseWriter
	r  *http.Request
	id string

	// What authentication found; which of them depends on the route's role.
	claims  *token.Claims
	row     *session.Employee
	session *session.Session
	key     *namedKey

	// values are those of the first headers that set was called for, the number of a local check's: in
	// one piece with the exchange they cost no allocation.
	values [6]string
	set    int
}

// Header values that are shared by all answers; never modified.
var (
	nosniff  = []string{"nosniff"}
	noStore  = []string{"no-store"}
	jsonType = []string{"application/json"}
)

// begin notes the request's id, ours where it brings no valid one.
func (x *exchange) begin() {
	h := x.w.Header()
	sent := x.r.Header["X-Request-Id"]
	if len(sent) == 1 && validRequestID(sent[0]) {
		x.id = sent[0]
		h["X-Request-Id"] = sent
	} else {
		x.id = newRequestID()
		x.header("X-Request-Id", x.id)
	}
	h["X-Content-Type-Options"] = nosniff
	if x.r.ContentLength != 0 {
		// Also for handlers that read no body: the server reads what is left of it.
		_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

// header gives the answer a header, whose name is in canonical form.
func (x *exchange) header(name, value string) {
	if x.set == len(x.values) {
		x.w.Header()[name] = []string{value}
		return
	}
	x.values[x.set] = value
	x.set++
	x.w.Header()[name] = x.values[x.set-1 : x.set : x.set]
}

func validRequestID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

func newRequestID() string {
	var raw [8]byte
	n := rand.Uint64()
	for i := range raw {
		raw[i] = byte(n >> (8 * i))
	}
	return hex.EncodeToString(raw[:])
}

// run lets a route answer and turns its error, or its panic, into a problem.
func (x *exchange) run(rt *route) {
	defer x.recover(rt)
	if !rt.instant {
		ctx, cancel := context.WithTimeout(x.r.Context(), handlerTimeout)
		defer cancel()
		x.r = x.r.WithContext(ctx)
	}
	err := rt.role.authenticate(x)
	if err == nil {
		err = rt.handle(x)
	}
	if err != nil {
		x.fail(err)
	}
}

// recover contains a panic in a handler. Its value is not logged, for it may hold what a client
// sent; where it happened is.
func (x *exchange) recover(rt *route) {
	caught := recover()
	if caught == nil {
		return
	}
	if caught == http.ErrAbortHandler {
		panic(caught)
	}
	x.o.Log.Error("panic in a handler", "route", rt.pattern, "request_id", x.id,
		"type", fmt.Sprintf("%T", caught), "stack", string(debug.Stack()))
	x.answer(errInternal)
}

// fail answers an error. Those that are our own fault or our surroundings' are logged here, and
// nowhere else.
func (x *exchange) fail(err error) {
	p := x.problemFor(err)
	switch {
	case p == errInternal:
		x.o.Log.Error("request failed", "method", x.r.Method, "path", x.r.Pattern, "request_id", x.id, "error", err)
	case p.status >= 500:
		x.o.Log.Warn("request refused", "code", p.code, "request_id", x.id, "error", err)
	}
	x.answer(p)
}

// answer writes a problem. It is the only place that does.
func (x *exchange) answer(p *problem) {
	p.header(x.w.Header())
	x.w.WriteHeader(p.status)
	_, _ = x.w.Write(p.body(x.id)) // a client that is gone needs no answer
}

// reply answers with JSON that must not be stored.
func (x *exchange) reply(status int, v any) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := json.NewEncoder(b).Encode(v); err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	h := x.w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	x.w.WriteHeader(status)
	_, _ = x.w.Write(b.Bytes()[:b.Len()-1]) // without Encode's newline; a client that is gone needs no answer
	return nil
}

// buffers of replies that were written.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// noContent answers 204.
func (x *exchange) noContent() error {
	x.w.Header()["Cache-Control"] = noStore
	x.w.WriteHeader(http.StatusNoContent)
	return nil
}

// commandTimeout is how long a command may take from here to its commit.
const commandTimeout = 10 * time.Second

// deadline for a command that is sent now.
func (x *exchange) deadline() session.Deadline {
	return session.Deadline{At: x.o.Clock.Now().Add(commandTimeout)}
}

// do sends a command to the employee's owner and waits no longer than the command may take.
func (x *exchange) do(key session.Key, cmd session.Command) (session.Reply, error) {
	ctx, cancel := context.WithTimeout(x.r.Context(), commandTimeout)
	defer cancel()
	return x.o.Employees.Do(ctx, key, cmd)
}
