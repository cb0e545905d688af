package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/session"
)

// problem is an error that is ready to be answered, RFC 9457. Details are ours: they repeat nothing
// that a client sent but names of fields.
type problem struct {
	status      int
	code        string
	detail      string
	retryAfter  time.Duration
	noneSent    bool // a 401 to a request without credentials
	termination *session.Notice
	active      []session.Session
	oauth       string // the error code of RFC 6749, on the routes that answer by it
}

func (p *problem) Error() string { return p.code + ": " + p.detail }

// The codes that handlers answer by themselves; session's errors become theirs in problemOf.
func invalidRequest(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: "invalid_request", detail: fmt.Sprintf(format, args...)}
}

func notFound(what string) *problem {
	return &problem{status: http.StatusNotFound, code: "not_found", detail: what}
}

func invalidToken(detail string) *problem {
	return &problem{status: http.StatusUnauthorized, code: "invalid_token", detail: detail}
}

func insufficientScope(detail string) *problem {
	return &problem{status: http.StatusForbidden, code: "insufficient_scope", detail: detail}
}

func staleView(detail string) *problem {
	return &problem{status: http.StatusServiceUnavailable, code: "stale_view", detail: detail, retryAfter: time.Second}
}

var (
	errNoCredential = &problem{
		status: http.StatusUnauthorized, code: "invalid_token", noneSent: true,
		detail: "send Authorization: Bearer with a token or key",
	}
	errInvalidCredentials = &problem{
		status: http.StatusUnauthorized, code: "invalid_credentials", noneSent: true,
		detail: "employee or password is wrong",
	}
	errNoPath      = notFound("there is nothing at this path")
	errNotLoopback = &problem{
		status: http.StatusForbidden, code: "origin_not_allowed",
		detail: "this server answers only to a loopback host, such as 127.0.0.1 or localhost",
	}
	errTokenExpired = &problem{
		status: http.StatusUnauthorized, code: "token_expired",
		detail: "the access token has expired; refresh it",
	}
	errUnavailable = &problem{
		status: http.StatusServiceUnavailable, code: "store_unavailable", retryAfter: time.Second,
		detail: "the store cannot be asked now; no session has ended by this",
	}
	errOverloaded = &problem{
		status: http.StatusServiceUnavailable, code: "overloaded", retryAfter: time.Second,
		detail: "too much at once; come back",
	}
	errInternal = &problem{
		status: http.StatusInternalServerError, code: "internal", detail: "an error in the server; its log says more",
	}
)

// plain are the errors that need no more than a look-up.
var plain = []struct {
	err error
	problem
}{
	{session.ErrNotFound, problem{status: 404, code: "not_found", detail: "no such employee or session"}},
	{session.ErrAlreadyExists, problem{status: 409, code: "already_exists", detail: "the employee was made before"}},
	{session.ErrUsernameTaken, problem{status: 409, code: "already_exists", detail: "another employee has this username"}},
	{session.ErrLocked, problem{status: 423, code: "employee_locked", detail: "the employee is locked; ask an operator"}},
	{session.ErrKeyReused, problem{status: 422, code: "idempotency_key_reused", detail: "this idempotency key came with another request before"}},
	{session.ErrEpochAhead, problem{status: 401, code: "invalid_token", detail: "the token is ahead of the store"}},
	{session.ErrBadToken, problem{status: 401, code: "invalid_token", detail: "the token was never issued"}},
	{token.ErrInvalid, problem{status: 401, code: "invalid_token", detail: "the token is malformed, forged or not for this server"}},
	{session.ErrRejected, problem{status: 400, code: "invalid_request", detail: "the store refuses these values"}},
	{session.ErrCursorExpired, problem{status: 410, code: "cursor_expired", detail: "the cursor is too old; begin again without one"}},
	{session.ErrBadCursor, problem{status: 400, code: "invalid_request", detail: "cursor must be one that this path gave"}},
	{session.ErrBadID, problem{status: 400, code: "invalid_request", detail: "malformed id"}},
}

// problemOf is the one place where errors become HTTP. What it does not know is internal.
func problemOf(err error) *problem {
	var ready *problem
	if errors.As(err, &ready) {
		return ready
	}
	var terminated *session.TerminatedError
	if errors.As(err, &terminated) {
		return &problem{
			status: http.StatusUnauthorized, code: "session_terminated",
			detail: "the session has ended; log in again", termination: &terminated.Notice,
		}
	}
	var active *session.ActiveError
	if errors.As(err, &active) {
		return &problem{
			status: http.StatusConflict, code: "session_active",
			detail: "the employee is logged in elsewhere, and the policy is deny", active: active.Active,
		}
	}
	for i := range plain {
		if errors.Is(err, plain[i].err) {
			p := plain[i].problem
			return &p
		}
	}
	switch {
	case errors.Is(err, token.ErrExpired):
		return errTokenExpired
	case errors.Is(err, token.ErrUnknownKey):
		return staleView("the token's signing key is not known here yet; come back")
	case errors.Is(err, session.ErrIncomplete):
		return staleView("this node does not know every ended session yet; come back, or ask another node")
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrOutcomeUnknown):
		return errUnavailable
	case errors.Is(err, session.ErrOverloaded), errors.Is(err, session.ErrLate), errors.Is(err, session.ErrConflict),
		errors.Is(err, session.ErrCredentialChanged), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errOverloaded
	}
	return errInternal
}

// problemFor is problemOf as this server shows it: under --compat-pos a terminal's id is a credential,
// and nobody learns another's.
func (x *exchange) problemFor(err error) *problem {
	p := problemOf(err)
	if x.o.Compat == nil || p.termination == nil && p.active == nil {
		return p
	}
	shown := *p
	if p.termination != nil {
		notice := *p.termination
		notice.By.Terminal = ""
		shown.termination = &notice
	}
	shown.active = slices.Clone(p.active)
	for i := range shown.active {
		shown.active[i].Terminal = ""
	}
	return &shown
}

// problemBody is the problem on the wire.
type problemBody struct {
	Type        string          `json:"type"`
	Title       string          `json:"title"`
	Status      int             `json:"status"`
	Detail      string          `json:"detail"`
	Code        string          `json:"code"`
	RequestID   string          `json:"request_id"`
	Termination *session.Notice `json:"termination,omitempty"`
	Active      []activeView    `json:"active,omitempty"`
}

// body encodes the problem.
func (p *problem) body(requestID string) []byte {
	if p.oauth != "" {
		return p.oauthBody()
	}
	b, err := json.Marshal(problemBody{
		Type: "urn:hotseat:problem:" + p.code, Title: titles[p.code], Status: p.status, Detail: p.detail,
		Code: p.code, RequestID: requestID, Termination: p.termination, Active: activeViews(p.active),
	})
	if err != nil {
		panic("api: a problem of plain fields does not marshal: " + err.Error())
	}
	return b
}

// header sets what belongs to the problem beside its body.
func (p *problem) header(h http.Header) {
	h["Content-Type"] = []string{"application/problem+json"}
	h["Cache-Control"] = noStore
	if p.oauth != "" {
		h["Content-Type"] = jsonType
	}
	switch p.status {
	case http.StatusUnauthorized:
		if p.oauth != "" {
			h.Set("WWW-Authenticate", `Basic realm="hotseat"`)
			break
		}
		challenge := "Bearer"
		if !p.noneSent {
			challenge += ` error="invalid_token", error_description="` + p.code + `"`
		}
		h.Set("WWW-Authenticate", challenge)
	case http.StatusForbidden:
		if p.code == "insufficient_scope" {
			h.Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		}
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
}

var titles = map[string]string{ // #nosec G101 -- titles of codes
	"invalid_request":        "Invalid request",
	"invalid_credentials":    "Invalid credentials",
	"invalid_token":          "Invalid token",
	"token_expired":          "Token expired",
	"session_terminated":     "Session terminated",
	"origin_not_allowed":     "Origin not allowed",
	"insufficient_scope":     "Insufficient scope",
	"not_found":              "Not found",
	"method_not_allowed":     "Method not allowed",
	"session_active":         "Session active elsewhere",
	"already_exists":         "Already exists",
	"cursor_expired":         "Cursor expired",
	"body_too_large":         "Body too large",
	"unsupported_media_type": "Unsupported media type",
	"idempotency_key_reused": "Idempotency key reused",
	"employee_locked":        "Employee locked",
	"rate_limited":           "Rate limited",
	"internal":               "Internal error",
	"overloaded":             "Overloaded",
	"store_unavailable":      "Store unavailable",
	"stale_view":             "Stale view",
}
