package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// seated repeats the last answer of the employees it had, so that what is measured is not the rules.
type seated struct {
	Employees
	reply session.Reply
	again bool
}

func (s *seated) Do(ctx context.Context, key session.Key, cmd session.Command) (reply session.Reply, err error) {
	if s.again {
		return s.reply, nil
	}
	s.reply, err = s.Employees.Do(ctx, key, cmd)
	return s.reply, err
}

// trusted is a trusted login given straight to a handler.
func trusted(t testing.TB, handler http.Handler) {
	const body = `{"employee_id":"ada","terminal_id":"till-2","device_name":"Till"}`
	r := httptest.NewRequest(http.MethodPost, "/v1/sessions", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+serviceKey)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
}

// BenchmarkTrustedLogin is what a login costs in this package: the request and the answer, without
// net/http's part, and without the rules.
func BenchmarkTrustedLogin(b *testing.B) {
	employees := &seated{}
	a := start(b, func(o *Options) { employees.Employees, o.Employees = o.Employees, employees })
	a.hire("ada")
	a.login("till-1")
	handler := a.api.Handler()
	trusted(b, handler)
	require.Len(b, employees.reply.Ended, 1)
	employees.again = true
	b.ReportAllocs()
	for b.Loop() {
		trusted(b, handler)
	}
}
