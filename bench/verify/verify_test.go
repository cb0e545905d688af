package verify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	h "github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

const ms = h.Instant(1_000_000)

// id is the session of an epoch, unless a test says otherwise.
func id(n byte) session.ID { return session.ID{15: n, 0: 1} }

// The operations of the tests are of ada and have times in milliseconds.
func op(kind h.Kind, from, to int64, epoch byte, more ...func(*h.Operation)) h.Operation {
	o := h.Operation{Kind: kind, Employee: "ada", Start: h.Instant(from) * ms, End: h.Instant(to) * ms, Session: id(epoch), Epoch: session.Epoch(epoch)}
	for _, m := range more {
		m(&o)
	}
	return o
}

func ok(o *h.Operation)      { o.Outcome, o.Status = h.OK, 200 }
func unknown(o *h.Operation) { o.Outcome = h.Unknown }

func key(k string) func(*h.Operation)            { return func(o *h.Operation) { o.Key = k } }
func conn(n uint64) func(*h.Operation)           { return func(o *h.Operation) { o.Conn = n } }
func ended(ids ...session.ID) func(*h.Operation) { return func(o *h.Operation) { o.Ended = ids } }

func refused(reason string, by session.Epoch) func(*h.Operation) {
	return func(o *h.Operation) {
		o.Outcome, o.Status, o.Code, o.Reason, o.By = h.Refused, 401, "session_terminated", reason, by
	}
}

func login(from, to int64, epoch byte, more ...func(*h.Operation)) h.Operation {
	return op(h.Login, from, to, epoch, append([]func(*h.Operation){ok}, more...)...)
}

// lost is a login without an answer.
func lost(from, to int64, more ...func(*h.Operation)) h.Operation {
	return op(h.Login, from, to, 0, append([]func(*h.Operation){unknown, func(o *h.Operation) { o.Session = session.ID{} }}, more...)...)
}

func strict(from, to int64, epoch byte, how func(*h.Operation)) h.Operation {
	return op(h.Use, from, to, epoch, how, func(o *h.Operation) { o.Level = h.Strict })
}

func local(from, to int64, epoch byte, staleness int64) h.Operation {
	return op(h.Use, from, to, epoch, ok, func(o *h.Operation) { o.Level, o.Staleness = h.Local, staleness })
}

func established(at int64, epoch byte, n uint64) h.Operation {
	return op(h.Established, at, at, epoch, conn(n))
}

func notice(at int64, epoch byte, n uint64, by session.Epoch) h.Operation {
	return op(h.Notice, at, at, epoch, conn(n), func(o *h.Operation) { o.By, o.Reason = by, "new_login" })
}

func event(at int64, epoch, n int, kind string, of byte) h.Operation {
	return op(h.Event, at, at, 0, func(o *h.Operation) {
		o.Session, o.Source, o.ID, o.Type = id(of), "feed", fmt.Sprintf("ada/%d/%d", epoch, n), "hotseat.session."+kind+".v1"
	})
}

func list(from, to int64, epochs ...byte) h.Operation {
	return op(h.Sessions, from, to, 0, ok, func(o *h.Operation) {
		o.Session = session.ID{}
		for _, e := range epochs {
			o.Active = append(o.Active, h.Seat{Session: id(e), Epoch: session.Epoch(e)})
		}
	})
}

func mark(at int64, fault string, phase h.Phase) h.Operation {
	return h.Operation{Kind: h.Mark, Start: h.Instant(at) * ms, End: h.Instant(at) * ms, Fault: fault, Phase: phase}
}

// write records the operations, in this order, and returns the file.
func write(t *testing.T, header h.Header, ops ...h.Operation) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	w, err := h.Create(path, header)
	require.NoError(t, err)
	for _, o := range ops {
		w.Record(o)
	}
	require.NoError(t, w.Close())
	return path
}

func check(t *testing.T, header h.Header, o verify.Options, ops ...h.Operation) *verify.Report {
	t.Helper()
	o.Folder = t.TempDir()
	r, err := verify.File(t.Context(), write(t, header, ops...), o)
	require.NoError(t, err)
	left, err := os.ReadDir(o.Folder)
	require.NoError(t, err)
	require.Empty(t, left, "temporary files")
	return r
}

func text(t *testing.T, r *verify.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteText(&b))
	return b.String()
}

var complete = h.Header{Complete: true}

// aDay is what a healthy server shows: takeovers, a login whose answer was lost and asked for again,
// a logout, reads of every kind, sockets, events with a repeated run.
func aDay() []h.Operation {
	return []h.Operation{
		login(0, 10, 1), established(12, 1, 7), strict(13, 14, 1, ok), local(14, 15, 1, 100), list(15, 16, 1),
		login(20, 30, 2, ended(id(1))), notice(25, 1, 7, 2), op(h.Closed, 26, 26, 1, conn(7), func(o *h.Operation) { o.Close = 4510 }),
		local(40, 41, 1, 100), // the view is from before
		strict(40, 42, 1, refused("new_login", 2)),
		lost(50, 1050, key("k")), login(1060, 1070, 3, key("k")), strict(1061, 1062, 2, refused("new_login", 3)),
		login(1075, 1080, 3, key("k")), // the repeat of a repeat
		strict(1080, 1081, 3, ok),
		op(h.Refresh, 1085, 1086, 3, ok), op(h.Logout, 1090, 1095, 3, ok), strict(1096, 1097, 3, refused("logout", 4)), list(1098, 1099),
		login(1100, 1110, 5), strict(1111, 1112, 5, ok), login(1111, 1120, 6),
		event(1200, 1, 1, "started", 1), event(1200, 2, 1, "terminated", 1), event(1200, 2, 2, "started", 2), event(1200, 3, 1, "terminated", 2),
		event(1200, 2, 2, "started", 2), event(1200, 3, 1, "terminated", 2), event(1200, 3, 2, "started", 3), event(1200, 4, 1, "ended", 3),
		event(1200, 5, 1, "started", 5), event(1200, 6, 1, "terminated", 5), event(1200, 6, 2, "started", 6),
	}
}

func TestAHealthyDayIsCleanAndTheReportSaysWhatWasLookedAt(t *testing.T) {
	r := check(t, complete, verify.Options{Latency: true}, aDay()...)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.Equal(t, map[verify.Promise]map[string]int64{
		verify.S1: {"lists of active sessions": 2, "sessions": 5},
		verify.S2: {"strict answers": 5, "local answers": 2, "ended tokens refused": 3},
		verify.S3: {"logins answered 200": 5, "repeats of a key answered 200": 1, "employees whose epoch counts their commands": 1},
		verify.S4: {"epochs of logins": 5, "endings with their epoch": 4, "sockets": 1},
		verify.S5: {"events": 11, "repeats": 2, "logins found in events": 5},
		verify.L1: {"notices": 1}, verify.Register: {"operations": 14},
	}, r.Checked, "%s", text(t, r))
	require.EqualValues(t, 5, r.Sessions)
	require.Empty(t, r.Unchecked)
}

// A promise of which only a part could be looked at is not called kept without saying so.
func TestWhatAHistoryCannotShowIsSaidBesideTheVerdict(t *testing.T) {
	lost := []h.Operation{login(0, 5, 1), strict(6, 7, 1, ok), strict(10, 11, 1, refused("ended", 0))}
	r := check(t, h.Header{}, verify.Options{}, lost...)
	require.True(t, r.Clean())
	require.Regexp(t, `(?m)^S3 .* kept, but whether a login was lost was not checked: others may have ended sessions too$`, text(t, r))
	require.Regexp(t, `(?m)^S2 .* kept$`, text(t, r))
	r = check(t, complete, verify.Options{}, lost[:2]...)
	require.Regexp(t, `(?m)^S2 .* kept, but no ended token was tried$`, text(t, r))
	require.Regexp(t, `(?m)^S3 .* kept$`, text(t, r))
}

func TestEmployeesAreJudgedApartAndInAnyOrderOfLines(t *testing.T) {
	var ops []h.Operation
	day := aDay()
	for i := len(day) - 1; i >= 0; i-- {
		if day[i].Kind == h.Event {
			continue // their order is that of the lines
		}
		for e := range 20 {
			o := day[i]
			o.Employee = session.Key(fmt.Sprintf("employee-%d", e))
			ops = append(ops, o)
		}
	}
	r := check(t, complete, verify.Options{}, ops...)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.EqualValues(t, 20, r.Employees)
	require.EqualValues(t, 100, r.Sessions)
}

func TestATornHistoryIsCheckedAsFarAsItGoes(t *testing.T) {
	path := write(t, complete, aDay()...)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, whole[:len(whole)-9], 0o600))
	r, err := verify.File(t.Context(), path, verify.Options{})
	require.NoError(t, err)
	require.True(t, r.Torn)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.EqualValues(t, len(aDay())-1, r.Operations)
	require.Contains(t, text(t, r), "its last line has no end")
}

func TestAHistoryThatTellsNothingIsNotCalledClean(t *testing.T) {
	r := check(t, complete, verify.Options{})
	require.False(t, r.Clean())
	require.Contains(t, text(t, r), "not checked")
}
