package session_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hotseat-hub/hotseat/session"
	"pgregory.net/rapid"
)

// FuzzStep runs random commands and checks after each of them all that holds for every command.
func FuzzStep(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("the quick brown fox jumps over the lazy dog, and again over the lazy dog"))
	f.Add(slices.Repeat([]byte{0, 0, 1, 2, 3, 0, 7, 1, 1}, 30))
	f.Fuzz(func(t *testing.T, input []byte) {
		c := &bytesChooser{rest: input[:min(len(input), 600)]} // longer ones find nothing new, slowly
		runRandom(t, c, func() bool { return len(c.rest) > 0 })
	})
}

type rapidChooser struct{ t *rapid.T }

func (r rapidChooser) below(n int) int { return rapid.IntRange(0, n-1).Draw(r.t, "choice") }

func TestRandomCommandsKeepEveryInvariant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(1, 120).Draw(t, "steps")
		runRandom(t, rapidChooser{t}, func() bool { steps--; return steps >= 0 })
	})
}

// sameEmpty: the codec does not tell an empty list from none.
var sameEmpty = cmpopts.EquateEmpty()

// failer is what testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func runRandom(t failer, c chooser, more func() bool) {
	r := &random{chooser: c, now: start}
	state := session.State{Since: r.now}
	for n := 1; more(); n++ {
		r.pass()
		now, command := r.now, r.command()
		before := picture(&state)
		next, change, err := session.Step(state, now, command)
		if problem := wrong(&state, &next, &change, err, command); problem != "" {
			t.Fatalf("step %d %T: %s\ncommand %+v\nbefore %s\nafter  %s", n, command, problem, command, before, picture(&next))
		}
		after := picture(&next)
		if problem := wrongAgain(next, now, command); problem != "" {
			t.Fatalf("step %d %T sent again: %s\ncommand %+v\nbefore %s", n, command, problem, command, after)
		}
		// Another command on the old state: what was written for it must not show in either.
		session.Step(state, r.now, r.command())
		if got := picture(&state); got != before {
			t.Fatalf("step %d %T modified the state that it was given\nwant %s\ngot  %s", n, command, before, got)
		}
		if got := picture(&next); got != after {
			t.Fatalf("step %d: a step from an older state changed a newer one\nwant %s\ngot  %s", n, after, got)
		}
		state = next
	}
}

// picture shows all of a state: the row as it is stored, and what is soft.
func picture(s *session.State) string {
	soft := *s
	soft.Employee = session.Employee{ID: s.ID, Version: s.Version, Epoch: s.Epoch}
	return fmt.Sprintf("%+v row %x", soft, s.AppendRow(nil))
}

// wrong says what a step did that no command may do, or nothing.
func wrong(was, next *session.State, c *session.Change, err error, command session.Command) string {
	if err != nil {
		if !reflect.DeepEqual(was, next) || !reflect.DeepEqual(*c, session.Change{}) {
			return fmt.Sprintf("refused with %v, yet something changed: %+v", err, c)
		}
		return ""
	}
	if err := next.Check(); err != nil {
		return err.Error()
	}
	for _, check := range []func(was, next *session.State, c *session.Change) string{wrongRow, wrongEvents, wrongNotices} {
		if problem := check(was, next, c); problem != "" {
			return problem
		}
	}
	if login, ok := command.(session.Login); ok {
		return wrongLogin(next, c, &login)
	}
	return ""
}

func wrongRow(was, next *session.State, c *session.Change) string {
	if c.Save == nil {
		if !reflect.DeepEqual(was.Employee, next.Employee) || len(c.Events) > 0 || c.Key != nil || c.Profile != nil || c.DeleteProfile {
			return "the row changed without a save"
		}
		return ""
	}
	switch {
	case !reflect.DeepEqual(*c.Save, next.Employee):
		return "the saved row is not the next state's"
	case next.Version != was.Version+1:
		return fmt.Sprintf("version went from %d to %d", was.Version, next.Version)
	case next.Epoch != was.Epoch && next.Epoch != was.Epoch+1:
		return fmt.Sprintf("epoch went from %d to %d", was.Epoch, next.Epoch)
	}
	decoded := session.Employee{ID: next.ID, Version: next.Version, Epoch: next.Epoch}
	if err := decoded.DecodeRow(next.AppendRow(nil)); err != nil {
		return "the row cannot be read again: " + err.Error()
	}
	if diff := cmp.Diff(next.Employee, decoded, sameEmpty); diff != "" {
		return "the row reads otherwise than it was written: " + diff
	}
	return ""
}

// wrongEvents holds the events against the difference of the active sets.
func wrongEvents(was, next *session.State, c *session.Change) string {
	var started, ended []session.Session
	lock := was.Locked
	for i, e := range c.Events {
		if e.Epoch != next.Epoch || e.N != i+1 || e.Employee != next.ID {
			return fmt.Sprintf("event %d is %s/%d/%d at epoch %d", i, e.Employee, e.Epoch, e.N, next.Epoch)
		}
		switch {
		case e.Type.Ends():
			ended = append(ended, e.Session)
		case e.Type == session.Started:
			started = append(started, e.Session)
		default:
			lock = e.Type == session.EmployeeLocked
		}
	}
	// A deleted employee is not locked any more, and a made one not yet; neither is an event.
	if lock != next.Locked && was.Exists() && next.Exists() {
		return "the events do not tell of the lock"
	}
	if advanced := next.Epoch != was.Epoch; advanced != (len(c.Events) > 0) {
		return fmt.Sprintf("epoch moved: %t, events: %d", advanced, len(c.Events))
	}
	slices.SortFunc(ended, func(a, b session.Session) int { return int(a.Epoch) - int(b.Epoch) }) // what expired comes first
	if diff := cmp.Diff(without(was.Active, next.Active), ended, sameEmpty); diff != "" {
		return "the endings are not the sessions that left: " + diff
	}
	if diff := cmp.Diff(without(next.Active, was.Active), started, sameEmpty); diff != "" {
		return "the starts are not the sessions that came: " + diff
	}
	return ""
}

// without is what a has and b has not.
func without(a, b []session.Session) []session.Session {
	return slices.DeleteFunc(slices.Clone(a), func(s session.Session) bool {
		return slices.ContainsFunc(b, func(o session.Session) bool { return o.ID == s.ID })
	})
}

// wrongNotices holds the notices against the sockets of the sessions that left.
func wrongNotices(was, next *session.State, c *session.Change) string {
	told := map[session.Socket]session.Notice{}
	for _, n := range c.Notices {
		told[n.Socket] = n.Notice
	}
	for _, h := range was.Handles {
		if next.Find(h.Session) != nil {
			if _, wrongly := told[h.Socket]; wrongly {
				return fmt.Sprintf("socket %v was told though its session goes on", h.Socket)
			}
			continue
		}
		notice, ok := told[h.Socket]
		if !ok {
			return fmt.Sprintf("socket %v was not told", h.Socket)
		}
		i := slices.IndexFunc(c.Events, func(e session.Event) bool { return e.Session.ID == h.Session })
		if i < 0 || notice != c.Events[i].Notice() {
			return fmt.Sprintf("socket %v was told %+v", h.Socket, notice)
		}
		delete(told, h.Socket)
	}
	if len(told) > 0 {
		return fmt.Sprintf("told %v, which had no socket here", told)
	}
	return ""
}

func wrongLogin(next *session.State, c *session.Change, login *session.Login) string {
	if len(c.Events) == 0 { // a replay; at most the row learns of its token
		return ""
	}
	seats := login.Default
	if next.Policy != nil {
		seats = *next.Policy
	}
	if most := min(max(seats.MaxSessions, 1), session.MaxSeats); len(next.Active) > most {
		return fmt.Sprintf("%d sessions active, the policy has %d seats", len(next.Active), most)
	}
	newest := &next.Active[len(next.Active)-1]
	if newest.ID != login.Session || c.Reply.Session.ID != login.Session || newest.Epoch != next.Epoch {
		return "the login's session is not the newest"
	}
	return ""
}

// A client may open sockets by tickets as fast as it likes; what its owner remembers of them is bounded.
func TestTicketsBeyondTheBoundAreRefusedUntilOlderOnesAreForgotten(t *testing.T) {
	state, _, err := session.Step(session.State{Since: start}, start, session.Login{
		Employee: "ada", Session: numbered(1), Terminal: "till-1", Trusted: true, Lifetime: time.Hour, Default: session.Policy{MaxSessions: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	redeem := func(n int, now session.Time) (err error) {
		state, _, err = session.Step(state, now, session.Attach{
			Session: numbered(1), Socket: session.Socket{Node: "n1", Conn: uint64(n)},
			Ticket: &session.Ticket{Nonce: numbered(n), IssuedAt: now},
		})
		return err
	}
	for n := 1; n <= session.MaxTickets; n++ {
		if err := redeem(n, start); err != nil {
			t.Fatalf("ticket %d: %v", n, err)
		}
	}
	if err := redeem(session.MaxTickets+1, start); !errors.Is(err, session.ErrTicketSpent) {
		t.Errorf("one too many: %v", err)
	}
	if err := redeem(session.MaxTickets+1, start.Add(session.TicketWindow)+1); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// wrongAgain sends the same command again: it may be refused or answered, and starts and ends nothing.
func wrongAgain(state session.State, now session.Time, command session.Command) string {
	next, change, err := session.Step(state, now, command)
	if err == nil && (next.Epoch != state.Epoch || len(change.Events) > 0) {
		return fmt.Sprintf("epoch %d to %d, events %+v", state.Epoch, next.Epoch, change.Events)
	}
	return ""
}
