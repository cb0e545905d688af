package session_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hotseat-hub/hotseat/session"
	"pgregory.net/rapid"
)

// The message as encoding/json would write it.
type wireNotice struct {
	Type      string `json:"type"`
	Message   string `json:"message"`
	Reason    string `json:"reason"`
	Timestamp string `json:"timestamp"`
	Session   string `json:"session_id"`
	Terminal  string `json:"terminal_id"`
	Epoch     uint64 `json:"epoch"`
	Seq       *int   `json:"seq,omitempty"`
	By        any    `json:"by"`
	Test      bool   `json:"test"`
}

type (
	wireLogin struct {
		Terminal string `json:"terminal_id,omitempty"` // kept from some readers
		Device   string `json:"device_name"`
	}
	wireKey struct {
		Name string `json:"name"`
	}
)

// reasonTexts are the contract's words; only a new login speaks of another location.
var reasonTexts = map[session.Reason][2]string{
	session.ReasonEnded:      {"ended", "Your session has ended"},
	session.ReasonNewLogin:   {"new_login", "Your session has been terminated due to login from another location"},
	session.ReasonLogout:     {"logout", "You have been logged out"},
	session.ReasonAdmin:      {"admin", "Your session has been ended by an operator"},
	session.ReasonExpired:    {"expired", "Your session has expired"},
	session.ReasonLocked:     {"locked", "Your account has been locked"},
	session.ReasonTokenReuse: {"token_reuse", "Your session has been ended because one of its tokens was used twice"},
}

func wire(n session.Notice) wireNotice {
	texts := reasonTexts[n.Reason]
	w := wireNotice{
		Type: "session_terminated", Message: texts[1], Reason: texts[0], Timestamp: n.At.Std().Format("2006-01-02T15:04:05.000Z"),
		Session: n.Session.String(), Terminal: string(n.Terminal), Epoch: uint64(n.Epoch), Test: n.Test,
	}
	if n.Message != "" {
		w.Message = n.Message
	}
	if seq := session.TerminationSeq; !n.Test {
		w.Seq = &seq
	}
	switch {
	case n.Reason == session.ReasonNewLogin:
		w.By = wireLogin{string(n.By.Terminal), n.By.Device}
	case n.Reason == session.ReasonAdmin && n.By.Name != "":
		w.By = wireKey{n.By.Name}
	}
	return w
}

// hostile is text that has broken JSON, HTML or a terminal somewhere.
var hostile = []string{
	"", "Till 1", `"`, `\`, `","reason":"x`, "\x00\x1f\x7f", "\xff\xfe", "<script>", "&amp;", "\u2028\u2029", "Zürich 🛒", "\r\n", "a\xc3",
}

func TestANoticeIsTheJSONThatTheStandardLibraryWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(hostile), rapid.String())
		n := session.Notice{
			Session: numbered(rapid.IntRange(1, 9).Draw(t, "session")), Terminal: session.TerminalID(text.Draw(t, "terminal")),
			Epoch: session.Epoch(rapid.Uint64().Draw(t, "epoch")), Reason: session.Reason(rapid.IntRange(0, 6).Draw(t, "reason")),
			By: session.By{
				Terminal: session.TerminalID(text.Draw(t, "by")), Device: text.Draw(t, "device"), Name: text.Draw(t, "name"),
			},
			Message: text.Draw(t, "message"), Test: rapid.Bool().Draw(t, "test"),
			At: session.Time(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "at")),
		}
		want, err := json.Marshal(wire(n))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(n.AppendJSON([]byte("x"))); got != "x"+string(want) {
			t.Fatalf("got  %s\nwant x%s", got, want)
		}
		if got, err := json.Marshal(n); err != nil || string(got) != string(want) {
			t.Fatalf("json.Marshal\ngot  %s, %v\nwant %s", got, err, want)
		}
	})
}

func TestANoticeReadsAsTheContractShowsIt(t *testing.T) {
	n := session.Notice{
		Session: numbered(1), Terminal: "till-1", Epoch: 8, Reason: session.ReasonNewLogin, At: start,
		By: session.By{Terminal: "till-2", Device: "Till 2"},
	}
	const want = `{"type":"session_terminated","message":"Your session has been terminated due to login from another location",` +
		`"reason":"new_login","timestamp":"2026-03-01T09:00:00.000Z","session_id":"00000000-0000-0000-0000-000000000001",` +
		`"terminal_id":"till-1","epoch":8,"seq":1,"by":{"terminal_id":"till-2","device_name":"Till 2"},"test":false}`
	if got := string(n.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The original has one word for every ending, and its fields come first.
func TestANoticeInTheOriginalsWordsBeginsWithTheOriginalsFields(t *testing.T) {
	for reason, texts := range reasonTexts {
		n := session.Notice{Session: session.ID{1}, Reason: reason, At: 1}
		want := `{"type":"session_terminated","message":"` + texts[1] + `","reason":"auto_logout","timestamp":"1970-01-01T00:00:00.001Z",`
		if got := string(n.AppendOriginal(nil)); !strings.HasPrefix(got, want) {
			t.Errorf("%v: got %s, want it to begin with %s", reason, got, want)
		}
	}
}
