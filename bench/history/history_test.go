package history_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

var header = history.Header{Command: "hotseat bench takeover", Seed: 7, MaxSessions: 2, Complete: true}

func read(t *testing.T, r *history.Reader) (all []history.Operation) {
	t.Helper()
	for {
		o, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, o)
	}
}

func oneOfEach() []history.Operation {
	one, two := session.ID{1}, session.ID{2}
	return []history.Operation{
		{Kind: history.Login, Employee: "ada", Start: 1, End: 5, Outcome: history.OK, Status: 200, Session: two, Epoch: 2, Terminal: "till-2", Key: "k", Ended: []session.ID{one}},
		{Kind: history.Login, Employee: "ada", Start: 6, End: 9, Outcome: history.Unknown},
		{Kind: history.Use, Employee: "ada", Start: 6, End: 7, Outcome: history.OK, Session: two, Epoch: 2, Level: history.Local, Staleness: 120, Node: "n1"},
		{Kind: history.Use, Employee: "ada", Start: 8, End: 9, Outcome: history.Refused, Session: one, Epoch: 1, Level: history.Strict, Reason: "new_login", By: 2},
		{Kind: history.Refresh, Employee: "ada", Start: 8, End: 9, Outcome: history.OK, Session: two, Epoch: 2},
		{Kind: history.Logout, Employee: "ada", Start: 8, End: 9, Outcome: history.OK, Session: two, Epoch: 2},
		{Kind: history.End, Employee: "ada", Start: 8, End: 9, Outcome: history.OK, Ended: []session.ID{two}},
		{Kind: history.Sessions, Employee: "ada", Start: 8, End: 9, Outcome: history.OK, Active: []history.Seat{{Session: two, Epoch: 2}}},
		{Kind: history.Established, Employee: "ada", Start: 3, End: 3, Session: one, Epoch: 1, Conn: 9},
		{Kind: history.Notice, Employee: "ada", Start: 4, End: 4, Session: one, Conn: 9, By: 2, Reason: "new_login"},
		{Kind: history.Closed, Employee: "ada", Start: 4, End: 4, Session: one, Conn: 9, Close: 4510},
		{Kind: history.Event, Employee: "ada", Start: 5, End: 5, Session: two, Source: "feed", ID: "ada/2/2", Type: "hotseat.session.started.v1"},
		{Kind: history.Mark, Start: 5, End: 5, Fault: "store stopped", Phase: history.Begin},
	}
}

func TestEveryOperationIsReadAsItWasRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	w, err := history.Create(path, header)
	require.NoError(t, err)
	for _, o := range oneOfEach() {
		w.Record(o)
	}
	require.Equal(t, int64(len(oneOfEach())), w.Count())
	require.NoError(t, w.Close())

	r, err := history.Open(path)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, oneOfEach(), read(t, r))
	require.False(t, r.Torn())
	require.Equal(t, history.Version, r.Header.Version)
	require.Equal(t, 2, r.Header.Seats())
	require.Equal(t, 5*time.Second, r.Header.MaxStaleness())
	require.WithinDuration(t, time.Now(), r.Header.Started, time.Minute)
}

func TestATornLastLineCostsOnlyItself(t *testing.T) {
	var file bytes.Buffer
	w, err := history.NewRecorder(&file, header)
	require.NoError(t, err)
	for _, o := range oneOfEach() {
		w.Record(o)
	}
	require.NoError(t, w.Close())
	whole := file.String()
	// However the last line is torn, down to its missing end.
	last := strings.LastIndex(strings.TrimSuffix(whole, "\n"), "\n") + 1
	for cut := last; cut < len(whole); cut++ {
		r, err := history.NewReader(strings.NewReader(whole[:cut]))
		require.NoError(t, err)
		require.Len(t, read(t, r), len(oneOfEach())-1)
		require.Equal(t, cut > last, r.Torn(), "cut at %d", cut)
	}
}

func TestWhatIsNoHistoryIsRefusedWithItsLine(t *testing.T) {
	const first = `{"hotseat_history":1,"started":"2026-03-01T09:30:00Z"}` + "\n"
	for name, c := range map[string]struct{ text, says string }{
		"empty":                  {"", "no header"},
		"something else":         {"{\"a\":1}\n", "hotseat_history"},
		"a later version":        {`{"hotseat_history":2}` + "\n", "use a newer one"},
		"a broken line":          {first + "{\n" + `{"op":"mark","fault":"x","phase":"over"}` + "\n", "line 2"},
		"a kind of another time": {first + `{"op":"dance","employee":"ada"}` + "\n", `"dance"`},
		"an unknown field":       {first + `{"op":"mark","fault":"x","phase":"over","colour":"red"}` + "\n", "colour"},
		"an answer before its question": {
			first + `{"op":"login","employee":"ada","start":9,"end":3,"outcome":"unknown"}` + "\n", "before it starts",
		},
		"a 200 without session": {first + `{"op":"login","employee":"ada","outcome":"ok"}` + "\n", "without session"},
		"a line without end":    {first + strings.Repeat("x", 2<<20), "line 2: bufio"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := history.NewReader(strings.NewReader(c.text))
			if err == nil {
				_, err = r.Next()
			}
			require.ErrorContains(t, err, c.says)
		})
	}
}

// full refuses to take more than room bytes, as a full disk does.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestARecorderThatCannotWriteSaysHowMuchIsMissing(t *testing.T) {
	w, err := history.NewRecorder(&full{room: 100 << 10}, header)
	require.NoError(t, err)
	for range 1000 {
		w.Record(oneOfEach()[0])
	}
	require.ErrorContains(t, w.Close(), "operations are missing in the history: history: no space left")

	w, err = history.NewRecorder(io.Discard, header)
	require.NoError(t, err)
	w.Record(history.Operation{Kind: history.Login})
	require.ErrorIs(t, w.Close(), history.ErrMalformed)
}

func TestGoroutinesRecordWholeLines(t *testing.T) {
	var file bytes.Buffer
	w, err := history.NewRecorder(&file, header)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				start := w.Now()
				w.Record(history.Operation{Kind: history.Login, Employee: "ada", Start: start, End: w.Now(), Outcome: history.Unknown})
			}
		})
	}
	all.Wait()
	require.NoError(t, w.Close())
	r, err := history.NewReader(&file)
	require.NoError(t, err)
	require.Len(t, read(t, r), 4000)
}

func TestALongHistoryNeedsNoMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	w, err := history.Create(path, header)
	require.NoError(t, err)
	const operations = 100_000
	for range operations {
		w.Record(oneOfEach()[0])
	}
	require.NoError(t, w.Close())
	size, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, size.Size(), int64(16<<20))

	r, err := history.Open(path)
	require.NoError(t, err)
	defer r.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range operations {
		_, err := r.Next()
		require.NoError(t, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
}

// A history is not lost to a mistyped key, nor is an empty one left behind.
func TestALateHistoryReplacesWhatWasThereWhenSomethingWasAgreedTo(t *testing.T) {
	folder := t.TempDir()
	kept, fresh := filepath.Join(folder, "kept.jsonl"), filepath.Join(folder, "fresh.jsonl")
	require.NoError(t, os.WriteFile(kept, []byte("of yesterday, and much longer than what comes\n"), 0o600))
	refused := history.Operation{Kind: history.Login, Employee: "ada", Outcome: history.Refused, Status: 401}
	for _, path := range []string{kept, fresh} {
		r, err := history.CreateLate(path, history.Header{})
		require.NoError(t, err)
		r.Record(refused)
		require.NoError(t, r.Close())
	}
	text, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.Contains(t, string(text), "of yesterday")
	require.NoFileExists(t, fresh)

	r, err := history.CreateLate(kept, history.Header{})
	require.NoError(t, err)
	r.Record(refused)
	r.Record(history.Operation{Kind: history.Sessions, Employee: "ada", Outcome: history.OK})
	text, err = os.ReadFile(kept)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(text), "\n"), "header and both operations are there at once, and nothing else:\n%s", text)
	require.NoError(t, r.Close())
	_, err = history.CreateLate(filepath.Join(folder, "nowhere", "h.jsonl"), history.Header{})
	require.Error(t, err)
	require.NoError(t, history.Writable(fresh))
	require.NoFileExists(t, fresh)
}
