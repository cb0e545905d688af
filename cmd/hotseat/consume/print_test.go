package consume

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var shownEvent = Event{
	ID: "pos-events/0/7", Source: "pos-events", Type: "session_terminated", Employee: "ada", Username: "countess", Terminal: "till-1",
	Reason: "new_login", At: time.Date(2026, 3, 1, 9, 30, 0, 0, time.Local), Data: []byte(`{"a":1}`),
}

func TestAnEventIsPrintedInTheOriginalsFrame(t *testing.T) {
	for reason, line := range map[string]string{"": "", "new_login": "Reason: new_login\n"} {
		e, b := shownEvent, bytes.Buffer{}
		e.Reason = reason
		require.NoError(t, (&Printer{W: &b, Plain: strings.TrimSpace}).Handle(t.Context(), &e))
		frame := strings.Repeat("=", 50) + "\n"
		require.Equal(t, frame+"Event: session_terminated\nEmployee ID: ada | Terminal ID: till-1\n"+line+
			"Time: 2026-03-01 09:30:00 | ID: pos-events/0/7\n"+frame, b.String())
	}
	e, b := shownEvent, bytes.Buffer{}
	e.Terminal = ""
	require.NoError(t, (&Printer{W: &b, Plain: strings.TrimSpace}).Handle(t.Context(), &e))
	require.Contains(t, b.String(), "Terminal ID: -\n")
}

// Whoever may write to the topic may write anything: no text of an event reaches the terminal as it came.
func TestEveryTextOfAnEventIsMadePlain(t *testing.T) {
	e, b := shownEvent, bytes.Buffer{}
	for _, text := range []*string{&e.ID, &e.Type, &e.Employee, &e.Terminal, &e.Reason} {
		*text += "\x1b[2J"
	}
	require.NoError(t, (&Printer{W: &b, Plain: func(s string) string { return strings.ReplaceAll(s, "\x1b", "?") }}).Handle(t.Context(), &e))
	require.NotContains(t, b.String(), "\x1b")
	require.Equal(t, 5, strings.Count(b.String(), "?[2J"))
}

func TestAnEventInJSONIsOneLine(t *testing.T) {
	e, b := shownEvent, bytes.Buffer{}
	e.Reason, e.At = "a\nb\x1b", time.Date(2026, 3, 1, 9, 30, 0, 5e6, time.FixedZone("", 3600))
	require.NoError(t, (&Printer{W: &b, JSON: true}).Handle(t.Context(), &e))
	require.Equal(t, `{"id":"pos-events/0/7","source":"pos-events","type":"session_terminated","employee_id":"ada","employee_username":"countess",`+
		`"terminal_id":"till-1","reason":"a\nb\u001b","at":"2026-03-01T08:30:00.005Z","data":{"a":1}}`+"\n", b.String())
}

// full is an output that takes nothing more.
type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnEventThatIsNotPrintedIsNotDone(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		require.ErrorIs(t, (&Printer{W: full{}, JSON: asJSON, Plain: strings.TrimSpace}).Handle(t.Context(), &shownEvent), errFull)
	}
}
