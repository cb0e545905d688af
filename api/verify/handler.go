package verify

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
)

type contextKey struct{}

// FromContext is who sends the request that Handler let pass.
func FromContext(ctx context.Context) (*Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(*Claims)
	return c, ok
}

// Handler lets requests pass whose Authorization carries a token of a session that lives, with its
// claims in the context. To others it answers as GET /v1/authz of the hub does: 401 with the code
// invalid_token, token_expired or session_terminated, and 503 with stale_view (RFC 6750, section 3; RFC
// 9457). In place of the hub's termination it names the reason, which is all that the feed tells.
func (v *Verifier) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var claims *Claims
		token, err := bearer(r)
		if err == nil {
			claims, err = v.Verify(token)
		}
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
	})
}

// errNone: no token came.
var errNone = errors.New("send Authorization: Bearer with an access token")

// bearer is the token (RFC 6750, section 2.1).
func bearer(r *http.Request) (string, error) {
	sent := r.Header.Values("Authorization")
	switch {
	case len(sent) == 0:
		return "", errNone
	case len(sent) > 1:
		return "", ErrInvalid
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	if token = strings.TrimLeft(token, " "); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", errNone
	}
	return token, nil
}

// problem is what a refused client reads.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
	Reason    string `json:"reason,omitempty"`
}

func problemOf(err error) (p problem) {
	var over *TerminatedError
	switch {
	case errors.As(err, &over):
		p = problem{Title: "Session terminated", Code: "session_terminated", Detail: "the session has ended; log in again", Reason: over.Reason}
	case errors.Is(err, ErrExpired):
		p = problem{Title: "Token expired", Code: "token_expired", Detail: "the access token has expired; refresh it"}
	case errors.Is(err, ErrStale):
		p = problem{Title: "Stale view", Code: "stale_view", Detail: ErrStale.Error() + "; come back"}
	case errors.Is(err, errNone):
		p = problem{Title: "Invalid token", Code: "invalid_token", Detail: errNone.Error()}
	default:
		p = problem{Title: "Invalid token", Code: "invalid_token", Detail: "the token is malformed, forged or not for this service"}
	}
	p.Type, p.Status = "urn:hotseat:problem:"+p.Code, http.StatusUnauthorized
	if errors.Is(err, ErrStale) {
		p.Status = http.StatusServiceUnavailable
	}
	return p
}

// requestID is what the hub takes from others as one.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	p, h := problemOf(err), w.Header()
	switch {
	case p.Status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case errors.Is(err, errNone):
		h.Set("WWW-Authenticate", "Bearer") // nothing was wrong with what was not sent
	default:
		h.Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="`+p.Code+`"`)
	}
	if p.RequestID = r.Header.Get("X-Request-Id"); !requestID.MatchString(p.RequestID) {
		p.RequestID = rand.Text()
	}
	h.Set("X-Request-Id", p.RequestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that is gone needs no answer
}
