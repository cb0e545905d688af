package faults

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// listen has the node write the events to its standard output, from the first one on, and the row
// note them. All nodes are one source: whoever leads goes on where the one before has stopped.
func (r *row) listen(n *node) {
	file := filepath.Join(n.t.TempDir(), n.host.name+".yaml")
	require.NoError(n.t, os.WriteFile(file, []byte("receivers:\n  - name: history\n    kind: stdout\n    from-start: true\n"), 0o600))
	n.args = append(n.args, "--config", file)
	n.events = func() *eventLines { return &eventLines{r: r} }
	r.listens = true
}

// sawEvents waits until the events tell of every login that was answered.
func (r *row) sawEvents() {
	r.t.Helper()
	if !r.listens {
		return
	}
	missing := func() (ids []session.ID) {
		for _, id := range r.crowd.granted() {
			if _, told := r.started.Load(id); !told {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for end := time.Now().Add(patience); len(missing()) > 0; time.Sleep(20 * time.Millisecond) {
		require.True(r.t, time.Now().Before(end), "S5: no event tells of the logins %v", missing())
	}
}

// eventLines takes a process's standard output, line by line. One goroutine writes to it.
type eventLines struct {
	r    *row
	part []byte
}

func (l *eventLines) Write(p []byte) (int, error) {
	l.part = append(l.part, p...)
	for {
		i := bytes.IndexByte(l.part, '\n')
		if i < 0 {
			return len(p), nil
		}
		l.line(l.part[:i])
		l.part = l.part[i+1:]
	}
}

func (l *eventLines) line(text []byte) {
	var event struct {
		SpecVersion string `json:"specversion"`
		ID          string `json:"id"`
		Type        string `json:"type"`
		Subject     session.EmployeeID
		Data        struct {
			Session struct {
				SessionID session.ID    `json:"session_id"`
				Epoch     session.Epoch `json:"epoch"`
			}
		}
	}
	if json.Unmarshal(text, &event) != nil || event.SpecVersion == "" {
		return // something else that it says
	}
	switch event.Type {
	case session.Started.String():
		l.r.started.Store(event.Data.Session.SessionID, true)
	case session.Expired.String():
		l.r.expired.Store(event.ID, true)
	}
	l.r.notes.Record(history.Operation{
		Kind: history.Event, Employee: event.Subject.Key(), Source: "relay", ID: event.ID, Type: event.Type,
		Session: event.Data.Session.SessionID, Epoch: event.Data.Session.Epoch, Start: l.r.notes.Now(),
	})
}
