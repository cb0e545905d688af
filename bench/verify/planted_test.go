package verify_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	h "github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
)

// A planted violation is a history that a faulty server would leave. Wanted is the promise that it
// breaks, shown by exactly the lines wanted; planting it in the healthy day must be found as well.
type planted struct {
	header  h.Header
	options verify.Options
	ops     []h.Operation
	wanted  verify.Promise
	says    string
	lines   []int64 // of the file, whose first operation is in line 2
}

func plants() map[string]planted {
	two := h.Header{MaxSessions: 2}
	return map[string]planted{
		"two sessions at one instant, seen by strict answers": {
			ops:    []h.Operation{login(0, 5, 1), strict(10, 11, 1, ok), login(12, 14, 2), strict(20, 21, 2, ok), strict(30, 31, 1, ok), strict(32, 33, 2, ok)},
			wanted: verify.S1, says: "2 sessions were active", lines: []int64{2, 4, 6, 7},
		},
		"two sessions in a list": {
			ops:    []h.Operation{login(0, 5, 1), login(10, 15, 2), list(20, 21, 1, 2)},
			wanted: verify.S1, says: "lists 2", lines: []int64{4},
		},
		"three sessions where two are allowed": {
			header: two,
			ops: []h.Operation{
				login(0, 5, 1), login(10, 15, 2), login(20, 25, 3),
				strict(30, 31, 1, ok), strict(30, 31, 2, ok), strict(30, 31, 3, ok),
			},
			wanted: verify.S1, says: "3 sessions were active", lines: []int64{2, 3, 4, 5, 6, 7},
		},
		"an ended token accepted by a strict answer": {
			ops:    []h.Operation{login(0, 5, 1), login(10, 15, 2), strict(16, 17, 1, ok)},
			wanted: verify.S2, says: "accepted 1ms after a login that ended it was answered", lines: []int64{2, 3, 4},
		},
		"an ended token refreshed": {
			ops:    []h.Operation{login(0, 5, 1), op(h.Logout, 6, 8, 1, ok), op(h.Refresh, 10, 11, 1, ok)},
			wanted: verify.S2, says: "after a logout", lines: []int64{2, 3, 4},
		},
		"an ended token accepted by a view beyond its staleness": {
			ops:    []h.Operation{login(0, 5, 1), login(10, 15, 2), local(120, 121, 1, 103)},
			wanted: verify.S2, says: "beyond the 103 ms", lines: []int64{2, 3, 4},
		},
		"a view past its age that accepts": {
			header: h.Header{MaxStalenessMS: 400},
			ops:    []h.Operation{login(0, 5, 1), local(500, 501, 1, 401)},
			wanted: verify.S2, says: "must be 503", lines: []int64{3},
		},
		"an ended token accepted after its notice": {
			ops:    []h.Operation{login(0, 5, 1), established(6, 1, 1), notice(20, 1, 1, 2), strict(21, 22, 1, ok)},
			wanted: verify.S4, says: "after an answer showed", lines: []int64{2, 4, 5},
		},
		"an ended token accepted, two seats": {
			header: two,
			ops:    []h.Operation{login(0, 5, 1), login(10, 15, 2), login(20, 25, 3, ended(id(1))), strict(26, 27, 1, ok)},
			wanted: verify.S2, says: "login that ended it", lines: []int64{2, 4, 5},
		},
		"a login answered 200 is lost": {
			header: complete,
			ops:    []h.Operation{login(0, 5, 1), strict(10, 11, 1, refused("ended", 0))},
			wanted: verify.S3, says: "nobody ended it", lines: []int64{2, 3},
		},
		"a login answered 200 is lost, in a history that begins in the middle": {
			header: h.Header{Alone: true},
			ops:    []h.Operation{login(0, 5, 7), strict(10, 11, 7, refused("ended", 0))},
			wanted: verify.S3, says: "nobody ended it", lines: []int64{2, 3},
		},
		"a login answered 200 is in no list": {
			header: complete,
			ops:    []h.Operation{login(0, 5, 1), list(10, 11)},
			wanted: verify.S3, says: "nobody ended it", lines: []int64{2, 3},
		},
		"a session that expires twice": {
			header: complete,
			ops: []h.Operation{
				login(0, 5, 1), event(6, 1, 1, "started", 1), event(10, 2, 1, "expired", 1), event(11, 3, 1, "expired", 1),
				strict(20, 21, 1, refused("expired", 3)),
			},
			wanted: verify.S3, says: "one was done twice", lines: []int64{2, 6},
		},
		"a key that logs in twice": {
			ops:    []h.Operation{login(0, 5, 1, key("k")), login(10, 15, 2, key("k"))},
			wanted: verify.S3, says: "two logins", lines: []int64{2, 3},
		},
		"a login done twice, seen by the epoch alone": {
			header: complete,
			ops:    []h.Operation{login(0, 5, 1), lost(10, 1000, key("k")), login(1010, 1020, 3, key("k"))},
			wanted: verify.S3, says: "one was done twice", lines: []int64{2, 3, 4},
		},
		"a login done twice, in a history that begins in the middle": {
			header: h.Header{Alone: true},
			ops:    []h.Operation{login(0, 5, 7), lost(10, 1000, key("k")), login(1010, 1020, 9, key("k"))},
			wanted: verify.S3, says: "the epoch is 3 after at most 2 commands", lines: []int64{2, 3, 4},
		},
		"the epoch goes back": {
			ops:    []h.Operation{login(0, 5, 4), login(10, 15, 3)},
			wanted: verify.S4, says: "epoch 3 after epoch 4", lines: []int64{2, 3},
		},
		"an epoch given twice": {
			ops:    []h.Operation{login(0, 20, 4), login(10, 25, 4, func(o *h.Operation) { o.Session = id(9) })},
			wanted: verify.S4, says: "given to two sessions", lines: []int64{2, 3},
		},
		"ended by an older epoch": {
			ops:    []h.Operation{login(0, 5, 4), strict(10, 11, 4, refused("new_login", 3))},
			wanted: verify.S4, says: "ended by epoch 3", lines: []int64{3},
		},
		"ended by another than the next login": {
			ops:    []h.Operation{login(0, 5, 1), login(10, 15, 2), strict(20, 21, 1, refused("new_login", 3))},
			wanted: verify.S4, says: "after epoch 2 had logged in", lines: []int64{3, 4},
		},
		"a socket told too late": {
			ops:    []h.Operation{login(0, 5, 1), established(6, 1, 1), login(10, 15, 2), notice(1020, 1, 1, 2)},
			wanted: verify.S4, says: "unaware for 1.005s", lines: []int64{3, 4, 5},
		},
		"a socket never told": {
			ops:    []h.Operation{login(0, 5, 1), established(6, 1, 1), login(10, 15, 2), login(2000, 2001, 3)},
			wanted: verify.S4, says: "unaware for 1.986s", lines: []int64{3, 4},
		},
		"a socket that comes back to an ended session": {
			ops: []h.Operation{
				login(0, 5, 1), established(6, 1, 1), op(h.Closed, 7, 7, 1, conn(1)), login(10, 15, 2),
				established(20, 1, 2), login(2000, 2001, 3),
			},
			wanted: verify.S4, says: "unaware for 1.981s", lines: []int64{5, 6},
		},
		"a gap in the events": {
			ops:    []h.Operation{event(0, 1, 1, "started", 1), event(1, 3, 1, "started", 3)},
			wanted: verify.S5, says: "a gap", lines: []int64{2, 3},
		},
		"a gap within an epoch": {
			ops:    []h.Operation{event(0, 1, 1, "started", 1), event(1, 2, 2, "started", 2)},
			wanted: verify.S5, says: "a gap", lines: []int64{2, 3},
		},
		"the first event missing": {
			header: complete,
			ops:    []h.Operation{login(0, 1, 1), login(2, 3, 2), event(4, 2, 1, "terminated", 1)},
			wanted: verify.S5, says: "those before it", lines: []int64{4},
		},
		"events out of order": {
			ops:    []h.Operation{event(0, 2, 1, "terminated", 1), event(1, 2, 2, "started", 2), event(2, 1, 1, "started", 1)},
			wanted: verify.S5, says: "order is broken", lines: []int64{3, 4},
		},
		"an event doubled under another content": {
			ops:    []h.Operation{event(0, 1, 1, "started", 1), event(1, 1, 1, "started", 2)},
			wanted: verify.S5, says: "says two things", lines: []int64{2, 3},
		},
		"an event without a number": {
			ops:    []h.Operation{event(0, 1, 1, "started", 1), event(1, 2, 0, "started", 2)},
			wanted: verify.S5, says: "its number is not 1 or more", lines: []int64{3},
		},
		"a login that no event tells of": {
			ops:    []h.Operation{login(0, 1, 2), event(4, 1, 1, "started", 1), event(4, 2, 1, "ended", 1), event(4, 3, 1, "started", 3)},
			wanted: verify.S5, says: "no event tells", lines: []int64{2, 3, 5},
		},
		"an event that tells of another session": {
			ops:    []h.Operation{login(0, 1, 1), event(4, 1, 1, "started", 9)},
			wanted: verify.S5, says: "another session", lines: []int64{2, 3},
		},
		"an ended session that sits again": {
			ops:    []h.Operation{login(0, 5, 1), login(10, 15, 2), strict(20, 21, 1, ok)},
			wanted: verify.Register, says: "no order of these operations", lines: []int64{3, 4},
		},
		"a notice later than promised": {
			options: verify.Options{Latency: true},
			ops:     []h.Operation{login(0, 5, 1), established(6, 1, 1), login(10, 15, 2), notice(61, 1, 1, 2)},
			wanted:  verify.L1, says: "99.9", lines: []int64{3, 4, 5},
		},
		"two notices long behind their logins' answers": {
			options: verify.Options{Behind: 100 * time.Millisecond},
			ops: []h.Operation{
				login(0, 5, 1), established(6, 1, 1), login(10, 15, 2), established(16, 2, 2), notice(116, 1, 1, 2),
				login(120, 320, 3), notice(421, 2, 2, 3),
			},
			wanted: verify.L1, says: "2 of 2 notices", lines: []int64{3, 4, 5, 6, 7, 8},
		},
	}
}

func TestEveryPlantedViolationIsFoundAndShownByItsLines(t *testing.T) {
	for name, p := range plants() {
		t.Run(name, func(t *testing.T) {
			r := check(t, p.header, p.options, p.ops...)
			require.False(t, r.Clean())
			v := first(r, p.wanted)
			require.NotNil(t, v, "%s", text(t, r))
			require.Contains(t, v.Says, p.says)
			var lines []int64
			for _, l := range v.History {
				lines = append(lines, l.Line)
			}
			require.Equal(t, p.lines, lines, "%s", text(t, r))
		})
	}
}

// What is shown must be enough, and no line of it too much.
func TestWhatIsShownBreaksThePromiseByItselfAndLessDoesNot(t *testing.T) {
	for name, p := range plants() {
		t.Run(name, func(t *testing.T) {
			v := first(check(t, p.header, p.options, p.ops...), p.wanted)
			// Without its later lines the history must still end when it did.
			end := mark(int64(p.ops[len(p.ops)-1].End/ms), "end", h.Over)
			broken := func(ops []h.Operation) bool {
				r := check(t, p.header, p.options, append(ops, end)...)
				return slices.ContainsFunc(r.Violations, func(again verify.Violation) bool { return again.Says == v.Says })
			}
			shown := operations(v)
			require.True(t, broken(slices.Clone(shown)))
			for i, o := range shown {
				if o.Kind == h.Login && o.Epoch <= 1 || o.Kind == h.Notice && p.wanted == verify.S4 {
					continue // how a session came to be, or when a socket was told in the end
				}
				require.False(t, broken(slices.Delete(slices.Clone(shown), i, i+1)), "%s of epoch %d is not needed", o.Kind, o.Epoch)
			}
		})
	}
}

func TestFaultsExcuseSocketsAndLatenciesForTheirTimeOnly(t *testing.T) {
	late := []h.Operation{
		mark(0, "store stopped", h.Begin), login(0, 5, 1), established(6, 1, 1), login(10, 15, 2), notice(3000, 1, 1, 2),
	}
	options := verify.Options{Latency: true}
	r := check(t, h.Header{}, options, append(late, mark(2001, "store stopped", h.Over))...)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.Equal(t, []string{"store stopped at 0s"}, r.Faults)
	r = check(t, h.Header{}, options, append(late, mark(1999, "store stopped", h.Over))...)
	require.NotNil(t, first(r, verify.S4), "a millisecond too long after the fault")
	r = check(t, h.Header{}, options, late...)
	require.True(t, r.Clean(), "a fault that nobody ended lasts: %s", text(t, r))
	two := append([]h.Operation{mark(0, "cut", h.Begin), mark(100, "cut", h.Over), mark(200, "cut", h.Begin), mark(900, "cut", h.Over)}, late[1:]...)
	r = check(t, h.Header{}, options, two...)
	require.Contains(t, first(r, verify.S4).Says, "unaware for 2.2", "the time of both faults is taken off")
}

// A second after a fault the cluster is as it was, and its notices count.
func TestLatenciesCountAgainASecondAfterAFault(t *testing.T) {
	late := []h.Operation{
		mark(0, "node killed", h.Begin), mark(50, "node killed", h.Over),
		login(60, 65, 1), established(66, 1, 1), login(1051, 1056, 2), notice(1150, 1, 1, 2),
	}
	r := check(t, h.Header{}, verify.Options{Latency: true}, late...)
	require.NotNil(t, first(r, verify.L1), "%s", text(t, r))
	require.EqualValues(t, 1, r.Checked[verify.L1][verify.AfterFaults])
	late[1] = mark(51, "node killed", h.Over)
	r = check(t, h.Header{}, verify.Options{Latency: true}, late...)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.Empty(t, r.Checked[verify.L1])
}

// On a busy machine everything is slow: a notice that keeps up with its login's answer is not late, and one
// that does not may be the machine's fault.
func TestANoticeIsHeldAgainstItsLoginsOwnAnswer(t *testing.T) {
	options := verify.Options{Behind: 100 * time.Millisecond}
	slow := []h.Operation{login(0, 5, 1), established(6, 1, 1), login(10, 815, 2), established(816, 2, 2), notice(914, 1, 1, 2)}
	r := check(t, h.Header{}, options, slow...)
	require.True(t, r.Clean(), "%s", text(t, r))
	require.Equal(t, 99*time.Millisecond, r.Behind.Worst)
	r = check(t, h.Header{}, options, append(slow, login(920, 925, 3), notice(1100, 2, 2, 3))...)
	require.True(t, r.Clean(), "one of two: %s", text(t, r))
}

// A machine without a processor to spare lets answers wait as often as notices.
func TestAsManyNoticesMayBeLateAsAreEarly(t *testing.T) {
	options := verify.Options{Behind: 100 * time.Millisecond}
	ops := []h.Operation{
		login(0, 5, 1), established(6, 1, 1), login(10, 15, 2), established(16, 2, 2), notice(116, 1, 1, 2),
		login(120, 320, 3), established(321, 3, 3), notice(421, 2, 2, 3),
	}
	early := append(slices.Clone(ops), notice(500, 3, 3, 4), login(430, 601, 4))
	r := check(t, h.Header{}, options, early...)
	require.True(t, r.Clean(), "one of two late, besides one that is early: %s", text(t, r))
	inTime := append(slices.Clone(ops), notice(500, 3, 3, 4), login(430, 600, 4))
	r = check(t, h.Header{}, options, inTime...)
	require.Contains(t, first(r, verify.L1).Says, "2 of 3 notices", "a hundred milliseconds are not early")
}

// An operation without an answer may have been done, and explains what would else be a violation.
func TestUnknownOutcomesExplainWhatTheyCan(t *testing.T) {
	for name, ops := range map[string][]h.Operation{
		"a login that was committed unanswered": {login(0, 5, 1), lost(6, 9), strict(10, 11, 1, refused("new_login", 2)), login(20, 25, 3)},
		"it shows in a list":                    {login(0, 5, 1), lost(6, 9), list(10, 11, 2), strict(10, 12, 2, ok)},
		"it comes late":                         {login(0, 5, 1), lost(6, 9), strict(100, 101, 1, ok), list(102, 103)},
		"a logout":                              {login(0, 5, 1), op(h.Logout, 6, 9, 1, unknown), strict(10, 11, 1, refused("logout", 2))},
		"an expiry that only an event tells of": {login(0, 5, 1), event(6, 1, 1, "started", 1), event(10, 2, 1, "expired", 1), list(20, 21)},
		"it never was":                          {login(0, 5, 1), lost(6, 9), login(10, 15, 2)},
		"a key whose login has ended since":     {login(0, 5, 1), lost(6, 9, key("k")), login(10, 15, 3), op(h.Login, 20, 21, 0, key("k"), refused("new_login", 3))},
	} {
		r := check(t, complete, verify.Options{}, ops...)
		require.True(t, r.Clean(), "%s: %s", name, text(t, r))
	}
}

func TestConcurrentAnswersMayComeInAnyOrder(t *testing.T) {
	for name, ops := range map[string][]h.Operation{
		"two logins at once":            {login(0, 50, 2), login(0, 40, 1), strict(10, 12, 1, ok), strict(45, 46, 2, ok)},
		"a use beside its end":          {login(0, 5, 1), login(10, 30, 2), strict(20, 21, 1, ok), strict(29, 40, 1, ok)},
		"a view at its stated age":      {login(0, 5, 1), login(10, 15, 2), local(115, 116, 1, 100)},
		"two logouts of one session":    {login(0, 5, 1), op(h.Logout, 6, 9, 1, ok), op(h.Logout, 7, 12, 1, ok), login(13, 15, 3)},
		"the list of a login under way": {login(0, 50, 1), list(10, 11, 1)},
	} {
		r := check(t, complete, verify.Options{}, ops...)
		require.True(t, r.Clean(), "%s: %s", name, text(t, r))
	}
}

func first(r *verify.Report, p verify.Promise) *verify.Violation {
	for i := range r.Violations {
		if r.Violations[i].Promise == p {
			return &r.Violations[i]
		}
	}
	return nil
}

func operations(v *verify.Violation) (ops []h.Operation) {
	for _, l := range v.History {
		ops = append(ops, l.Operation)
	}
	return ops
}
