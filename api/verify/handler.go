package verify

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

type contextKey struct{}

// FromContext is who sends the request that Handler let pass.
func FromContext(ctx context.Context) (*Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(*Claims)
	return c, ok
}

// Handler lets requests pass whose Authorization carries a token of a session that lives, with its
// claims in the context. To others it answers as the hub does: 401 with the code invalid_token,
// token_expired or session_terminated, and 503 with stale_view (RFC 6750, section 3; RFC 9457).
func (v *Verifier) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Verify(bearer(r))
		if err != nil {
			refuse(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
	})
}

// bearer is the token; empty when there is none, which no key has signed.
func bearer(r *http.Request) string {
	sent := r.Header.Values("Authorization")
	if len(sent) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// problem is what a refused client reads.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Reason string `json:"reason,omitempty"`
}

func refuse(w http.ResponseWriter, err error) {
	p := problem{Type: "about:blank", Title: "Unauthorized", Status: http.StatusUnauthorized, Code: "invalid_token", Detail: ErrInvalid.Error()}
	var over *TerminatedError
	switch {
	case errors.As(err, &over):
		p.Code, p.Detail, p.Reason = "session_terminated", over.Error(), over.Reason
	case errors.Is(err, ErrExpired):
		p.Code, p.Detail = "token_expired", ErrExpired.Error()
	case errors.Is(err, ErrStale):
		p.Title, p.Status, p.Code, p.Detail = "Service Unavailable", http.StatusServiceUnavailable, "stale_view", ErrStale.Error()
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	} else {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="`+p.Detail+`"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that is gone needs no answer
}
