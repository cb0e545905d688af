package session_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hotseat-hub/hotseat/session"
)

func FuzzClean(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 8)
	}
	f.Add(strings.Repeat("é", 300), 257)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = limit & 0x3ff
		got := session.Clean(text, limit)
		switch {
		case len(got) > limit:
			t.Fatalf("%q cut to %d bytes, want at most %d", text, len(got), limit)
		case !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl):
			t.Fatalf("%q became %q", text, got)
		case session.Clean(got, limit) != got:
			t.Fatalf("%q is cleaned further to %q", got, session.Clean(got, limit))
		case len(text) <= limit && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) && got != text:
			t.Fatalf("%q was good and became %q", text, got)
		}
	})
}

func TestCleanTextKeepsWhatIsGoodAndCutsBetweenCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"Till 1":           "Till 1",
		"Till\x00 \x1b[1m": "Till [1m",
		"a\xffb":           "a\uFFFDb",
		"\u0085\u007f":     "",
		"1234567é":         "1234567", // é would take bytes 8 and 9
		"123456é":          "123456é",
	} {
		if got := session.Clean(text, 8); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestIDsOutsideTheContractAreRefused(t *testing.T) {
	parse := map[string]func(string) error{
		"employee": func(s string) error { _, err := session.ParseEmployeeID(s); return err },
		"terminal": func(s string) error { _, err := session.ParseTerminalID(s); return err },
		"session":  func(s string) error { _, err := session.ParseID(s); return err },
	}
	for kind, cases := range map[string]map[string]bool{
		"employee": {
			"ada": true, "Ada.L_1@x:+-": true, "9": true, strings.Repeat("a", 128): true,
			"": false, strings.Repeat("a", 129): false, ".ada": false, "@a": false, "a b": false, "a/b": false, "é": false, "aé": false,
			"a\x00": false, "a\n": false, "a\xff": false,
		},
		"terminal": {
			"till-1_A": true, "-": true, strings.Repeat("t", 64): true,
			"": false, strings.Repeat("t", 65): false, "a.b": false, "a b": false, "a\xff": false, "é": false,
		},
		"session": {
			"0190b0a0-0000-7000-8000-000000000001": true, "0190B0A0-0000-7000-8000-00000000000F": true,
			"": false, "00000000-0000-0000-0000-000000000000": false, "0190b0a000007000800000000000000100000": false,
			"0190b0a0-0000-7000-8000-00000000000g": false, "0190b0a0-0000-7000-8000-0000000000010": false,
		},
	} {
		for id, good := range cases {
			if err := parse[kind](id); (err == nil) != good || err != nil && !errors.Is(err, session.ErrBadID) {
				t.Errorf("%s %q: %v, want good %t", kind, id, err, good)
			}
		}
	}
}

func TestSpellingsThatDifferInCaseNameOneEmployee(t *testing.T) {
	if a, b := session.EmployeeID("Ada.L@X").Key(), session.EmployeeID("aDA.l@x").Key(); a != b {
		t.Errorf("%q and %q", a, b)
	}
}

func TestIDsAndTimesAreTheSameAfterTheirText(t *testing.T) {
	id, err := session.ParseID("0190B0A0-0000-7000-8000-00000000000F")
	if err != nil || id.String() != "0190b0a0-0000-7000-8000-00000000000f" {
		t.Errorf("%s, %v", id, err)
	}
	var again session.Time
	text, _ := start.MarshalText()
	if err := again.UnmarshalText(text); err != nil || again != start || string(text) != "2026-03-01T09:00:00.000Z" {
		t.Errorf("%s became %s, %v", text, again, err)
	}
	if err := again.UnmarshalText([]byte("2026-03-01T10:00:00+01:00")); err != nil || again != start {
		t.Errorf("another zone became %s, %v", again, err)
	}
	if err := again.UnmarshalText([]byte("yesterday")); err == nil {
		t.Error("yesterday is a time")
	}
}
