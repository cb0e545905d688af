package session_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hotseat-hub/hotseat/session"
	"pgregory.net/rapid"
)

// full is a row and its events with something in every field, at the limits of its lists.
func full() (session.Employee, []session.Event) {
	policy := session.Policy{MaxSessions: session.MaxSeats, OnLimit: session.Deny}
	row := session.Employee{Deleted: true, Locked: true, Credential: math.MaxUint32, FirstName: "Ada", LastName: "Lovelace\x00", Policy: &policy}
	var events []session.Event
	for n := 1; n <= session.MaxSeats; n++ {
		s := session.Session{
			ID: numbered(n), Terminal: "till-1", Device: "\xffTill \"1\"", IP: "::1", UserAgent: "Mozilla", ExternalID: "x",
			Client: "pos", Epoch: math.MaxUint64, CreatedAt: start, ExpiresAt: math.MaxInt64, IdleAt: math.MinInt64,
			TokensUntil: -1, Refresh: math.MaxUint32,
		}
		by := session.By{Terminal: "till-2", Device: "Till 2", Name: "ops"}
		row.Active = append(row.Active, s)
		row.Endings = append(row.Endings, session.Ending{
			Session: s.ID, Terminal: s.Terminal, Reason: session.ReasonTokenReuse, By: by, Message: "Closing",
			Epoch: session.Epoch(n), At: start, Until: start + 1,
		})
		events = append(events, session.Event{
			Type: session.EmployeeUnlocked, Employee: "Ada", Epoch: session.Epoch(n), N: n, Session: s,
			Reason: session.ReasonTokenReuse, By: by, Message: "Closing", Actor: "ops", At: start,
		})
	}
	for n := range session.MaxKeys {
		row.Keys = append(row.Keys, session.KeyRecord{Hash: numbered(n), Body: numbered(n + 1), Session: numbered(n + 2), At: start})
	}
	return row, events
}

func TestAFullRowAndItsEventsAreReadAsTheyWereWritten(t *testing.T) {
	row, events := full()
	var again session.Employee
	if err := again.DecodeRow(row.AppendRow(nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row, again); diff != "" {
		t.Errorf("row (-written +read):\n%s", diff)
	}
	two := session.AppendEvents(session.AppendEvents(nil, events), events[:1])
	first, rest, err := session.DecodeEvents(two)
	if err != nil {
		t.Fatal(err)
	}
	second, rest, err := session.DecodeEvents(rest)
	if err != nil || len(rest) != 0 {
		t.Fatalf("second list: %v, %d bytes left", err, len(rest))
	}
	if diff := cmp.Diff([][]session.Event{events, events[:1]}, [][]session.Event{first, second}); diff != "" {
		t.Errorf("events (-written +read):\n%s", diff)
	}
}

func TestARowOrEventListThatWasCutIsCorrupt(t *testing.T) {
	row, events := full()
	whole := row.AppendRow(nil)
	for n := range whole {
		if err := new(session.Employee).DecodeRow(whole[:n]); !errors.Is(err, session.ErrCorrupt) {
			t.Fatalf("row cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
	if err := new(session.Employee).DecodeRow(append(whole, 0)); !errors.Is(err, session.ErrCorrupt) {
		t.Errorf("row with a byte too many: %v", err)
	}
	whole = session.AppendEvents(nil, events[:3])
	for n := range whole {
		if _, _, err := session.DecodeEvents(whole[:n]); !errors.Is(err, session.ErrCorrupt) {
			t.Fatalf("events cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// The largest change that the rules can make must be readable, or the log would stop at it.
func TestTheLargestChangeIsReadable(t *testing.T) {
	state := session.State{Since: start}
	policy := session.Policy{MaxSessions: session.MaxSeats, OnLimit: session.Takeover}
	for n := 1; n <= session.MaxSeats; n++ {
		lifetime := session.Time(n%2+1) * 3_600_000
		state, _, _ = session.Step(state, start, session.Login{
			Employee: "ada", Session: numbered(n), Terminal: session.TerminalID(numbered(n).String()), Trusted: true,
			Lifetime: lifetime.Sub(0), Default: policy,
		})
	}
	lock, unlocked := true, "hash"
	_, change, err := session.Step(state, start+3_600_000, session.Update{
		Locked: &lock, Profile: &session.ProfilePatch{PasswordHash: &unlocked}, Actor: "ops",
	})
	if err != nil || len(change.Events) != session.MaxSeats+1 {
		t.Fatalf("%d events, %v; want %d", len(change.Events), err, session.MaxSeats+1)
	}
	events, _, err := session.DecodeEvents(session.AppendEvents(nil, change.Events))
	if diff := cmp.Diff(change.Events, events); err != nil || diff != "" {
		t.Errorf("%v (-written +read):\n%s", err, diff)
	}
	if err := new(session.Employee).DecodeRow(change.Save.AppendRow(nil)); err != nil {
		t.Error(err)
	}
}

func TestRandomRowsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Make[session.Employee]().Filter(func(e session.Employee) bool {
			for _, ending := range e.Endings {
				if ending.Reason > session.ReasonTokenReuse {
					return false
				}
			}
			return len(e.Active) <= session.MaxSeats && len(e.Endings) <= session.MaxEndings && len(e.Keys) <= session.MaxKeys &&
				(e.Policy == nil || 0 < e.Policy.MaxSessions && e.Policy.MaxSessions <= session.MaxSeats)
		}).Draw(t, "row")
		again := session.Employee{ID: row.ID, Version: row.Version, Epoch: row.Epoch}
		if err := again.DecodeRow(row.AppendRow(nil)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, again, sameEmpty); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

func FuzzDecodeRow(f *testing.F) {
	row, _ := full()
	f.Add(row.AppendRow(nil))
	f.Add(new(session.Employee).AppendRow(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, input []byte) {
		var row, again session.Employee
		if err := row.DecodeRow(input); err != nil {
			if !errors.Is(err, session.ErrCorrupt) {
				t.Fatalf("%x: %v is not ErrCorrupt", input, err)
			}
			return
		}
		if err := again.DecodeRow(row.AppendRow(nil)); err != nil {
			t.Fatalf("%x is read, and not read again: %v", input, err)
		}
		if diff := cmp.Diff(row, again); diff != "" {
			t.Fatalf("%x (-first +again):\n%s", input, diff)
		}
	})
}

func FuzzDecodeEvents(f *testing.F) {
	_, events := full()
	f.Add(session.AppendEvents(nil, events[:2]))
	f.Add(session.AppendEvents(nil, nil))
	f.Fuzz(func(t *testing.T, input []byte) {
		events, rest, err := session.DecodeEvents(input)
		if err != nil {
			if !errors.Is(err, session.ErrCorrupt) {
				t.Fatalf("%x: %v is not ErrCorrupt", input, err)
			}
			return
		}
		again, none, err := session.DecodeEvents(session.AppendEvents(nil, events))
		if err != nil || len(none) > 0 || len(rest) > len(input) {
			t.Fatalf("%x is read, and not read again: %v, %d bytes left", input, err, len(none))
		}
		if diff := cmp.Diff(events, again); diff != "" {
			t.Fatalf("%x (-first +again):\n%s", input, diff)
		}
	})
}
