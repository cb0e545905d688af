package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/api/attempts"
	"github.com/hotseat-hub/hotseat/session"
)

// Made by Django's own PBKDF2PasswordHasher, for the password "correct horse".
const byDjango = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso="

func (b *bench) load(lines string) *answer {
	b.Helper()
	return b.send(request{
		method: "POST", path: "/v1/admin/employees/import", bearer: adminKey, body: lines,
		header: http.Header{"Content-Type": {"application/x-ndjson"}},
	})
}

func TestAnImportMakesAndChangesAndReportsWhatItRefuses(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	g := b.login("till-1")
	report := b.load(`{"employee_id":"ada","role":"manager","password_hash":"` + byDjango + `"}
{"employee_id":"eve","username":"eve1","legacy_id":7,"policy":{"max_sessions":2,"on_limit":"deny"},"password":"eve's"}

{"employee_id":"EVE","last_name":"Adams"}
{"employee_id":"-bad"}
{"employee_id":"mallory","username":"ADA"}
{"employee_id":"mallory","email":"x@x","surprise":true}
["not an object"]
{"employee_id":"mallory","password":"a","password_hash":"` + byDjango + `"}
{"employee_id":"mallory","first_name":"` + strings.Repeat("x", maxBody) + `"}
{"employee_id":"mallory","password_hash":"md5$x$y"}
{"employee_id":"zoe"}`).is(200)
	require.Equal(t, []any{11.0, 2.0, 2.0, 7.0}, []any{report["lines"], report["created"], report["updated"], report["failed"]})
	codes := map[float64]string{}
	for _, e := range report["errors"].([]any) {
		e := e.(map[string]any)
		codes[e["line"].(float64)] = e["code"].(string)
		require.NotContains(t, e["detail"], "md5$x$y")
	}
	require.Equal(t, map[float64]string{
		5: "invalid_request", 6: "already_exists", 7: "invalid_request", 8: "invalid_request", 9: "invalid_request",
		10: "body_too_large", 11: "invalid_request",
	}, codes)

	object := b.get("/v1/session", g.AccessToken).is(200)
	require.Equal(t, 1.0, object["epoch"], "who was there keeps session and epoch")
	eve := b.get("/v1/admin/employees/eve", adminKey).is(200)
	require.Equal(t, "Adams", eve["last_name"], "of two lines about one the later counts")
	require.Equal(t, 7.0, eve["legacy_id"], "and leaves what it does not name")
	b.post("/v1/login", "", `{"employee_id":"eve","password":"eve's"}`).is(200)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"`+adaPassword+`"}`).problem(401, "invalid_credentials")
	b.post("/v1/login", "", `{"employee_id":"ada","password":"correct horse"}`).is(200)
}

func TestAnImportEndsOnlyTheSessionsForWhichItLeavesNoSeat(t *testing.T) {
	b := start(t, nil)
	b.hire("ada")
	require.Zero(t, b.load(`{"employee_id":"ada","policy":{"max_sessions":3,"on_limit":"takeover"}}`).is(200)["failed"])
	var tokens []string
	for _, terminal := range []string{"till-1", "till-2", "till-3"} {
		tokens = append(tokens, b.login(terminal).AccessToken)
	}
	sit := func(line string, want int) {
		t.Helper()
		require.Zero(t, b.load(line).is(200)["failed"])
		for i, token := range tokens {
			a := b.get("/v1/session", token)
			if i < len(tokens)-want {
				a.problem(401, "session_terminated")
				continue
			}
			a.is(200)
		}
	}
	sit(`{"employee_id":"ada","role":"manager","password_hash":"`+byDjango+`","locked":false}`, 3)
	sit(`{"employee_id":"ada","policy":{"max_sessions":3,"on_limit":"deny"}}`, 3)
	sit(`{"employee_id":"ada","policy":{"max_sessions":2,"on_limit":"takeover"}}`, 2)
	sit(`{"employee_id":"ada","first_name":"Ada"}`, 2)
	sit(`{"employee_id":"ada","locked":true}`, 0)
}

// A line whose answer was late is tried again, and finds the employee that it has made itself.
func TestAnImportedLineWhoseAnswerWasLateCountsAsWhatItDid(t *testing.T) {
	b := start(t, nil)
	lost := 0
	b.lost = func(session.Command) error {
		if lost++; lost == 1 {
			return context.DeadlineExceeded
		}
		return nil
	}
	report := b.load(`{"employee_id":"ada"}`).is(200)
	require.Equal(t, []any{1.0, 0.0, 0.0}, []any{report["created"], report["updated"], report["failed"]})
	require.Equal(t, 2, lost, "made, and changed to the same")
	require.Equal(t, 1.0, b.load(`{"employee_id":"ada"}`).is(200)["updated"])

	b.lost = func(cmd session.Command) error {
		if _, ok := cmd.(session.Update); ok {
			b.lost = nil
			return context.DeadlineExceeded
		}
		return nil
	}
	report = b.load(`{"employee_id":"ada","role":"manager"}`).is(200)
	require.Equal(t, []any{0.0, 1.0, 0.0}, []any{report["created"], report["updated"], report["failed"]}, "it was there")
	require.Nil(t, b.lost, "the update was late")
}

func TestAHashOfAnotherSystemIsMadeAnewAtTheNextLogin(t *testing.T) {
	b := start(t, func(o *Options) { o.Attempts = attempts.New(nil) })
	b.load(`{"employee_id":"ada","password_hash":"` + byDjango + `"}`).is(200)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"wrong"}`).problem(401, "invalid_credentials")
	require.Equal(t, byDjango, b.profiles["ada"].PasswordHash)
	g := b.post("/v1/login", "", `{"employee_id":"ada","password":"correct horse"}`).grant()
	require.True(t, strings.HasPrefix(b.profiles["ada"].PasswordHash, "$argon2id$"))
	b.get("/v1/session", g.AccessToken).is(200)
	kept := b.profiles["ada"].PasswordHash
	g = b.post("/v1/login", "", `{"employee_id":"ada","password":"correct horse","terminal_id":"t"}`).grant()
	require.Equal(t, kept, b.profiles["ada"].PasswordHash, "once")

	// A password that is changed while the hash is made anew stays changed.
	b.load(`{"employee_id":"ada","password_hash":"` + byDjango + `"}`).is(200)
	b.before = func(cmd session.Command) {
		if u, ok := cmd.(session.Update); ok && u.Checked != 0 {
			b.before = nil
			b.patch("ada", `{"password":"new","keep_sessions":true}`).is(200)
		}
	}
	b.post("/v1/login", "", `{"employee_id":"ada","password":"correct horse"}`).is(200)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"new"}`).is(200)
	b.post("/v1/login", "", `{"employee_id":"ada","password":"correct horse"}`).problem(401, "invalid_credentials")
	require.Contains(t, b.log.String(), "not renewed")
}

func TestAnImportStopsWhenTheStoreIsAwayAndMayBeSentAgain(t *testing.T) {
	b := start(t, nil)
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, `{"employee_id":"e%d"}`+"\n", i)
	}
	b.fail(session.ErrUnavailable)
	b.load(lines.String()).problem(503, "store_unavailable")
	b.fail(nil)
	report := b.load(lines.String()).is(200)
	require.Equal(t, 500.0, report["created"].(float64)+report["updated"].(float64))
	require.Equal(t, 500.0, b.load(lines.String()).is(200)["updated"])
	b.post("/v1/admin/employees/import", adminKey, `{}`).problem(415, "unsupported_media_type")
	b.api.EndStreams()
	b.load(lines.String()).problem(503, "overloaded")
}
