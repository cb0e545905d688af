package session_test

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// start is the store's time at the beginning of every scenario.
var start = session.TimeOf(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))

// world is what a scenario acts on: the employees' owners and, for what somebody else writes, rows.
type world struct {
	t      *testing.T
	now    session.Time
	owners map[string]session.State
	rows   map[string]session.Employee
	last   int // the number of the newest session that was granted
	args   args
}

func newWorld(t *testing.T) *world {
	return &world{t: t, now: start, owners: map[string]session.State{}, rows: map[string]session.Employee{}}
}

// args are the words behind a command: in order, or name=value, or a bare flag.
type args []string

func (a args) value(name string) (string, bool) {
	for _, word := range a {
		if rest, ok := strings.CutPrefix(word, name+"="); ok {
			return rest, true
		}
	}
	return "", false
}

func (a args) has(name string) bool {
	_, ok := a.value(name)
	return ok || slices.Contains(a, name)
}

func (a args) str(name string) string { v, _ := a.value(name); return v }

func (w *world) num(name string) int {
	v, ok := w.args.value(name)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		w.t.Fatalf("%v: %s is no number", w.args, name)
	}
	return n
}

func (w *world) duration(name string, otherwise time.Duration) time.Duration {
	v, ok := w.args.value(name)
	if !ok {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		w.t.Fatalf("%v: %s is no duration", w.args, name)
	}
	return d
}

func (w *world) deadline() session.Deadline {
	if w.args.has("by") {
		return session.Deadline{At: w.now.Add(w.duration("by", 0))}
	}
	return session.Deadline{}
}

// sessionID reads s12; word gives the name back.
func (w *world) sessionID(name string) (id session.ID) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "s"))
	if err != nil {
		w.t.Fatalf("%v: %q is no session, say s1", w.args, name)
	}
	id[14], id[15] = byte(n>>8), byte(n)
	return id
}

func word(id session.ID) string { return fmt.Sprintf("s%d", int(id[14])<<8|int(id[15])) }

func (w *world) policy(text string) *session.Policy {
	if text == "default" {
		return nil
	}
	p := &session.Policy{OnLimit: session.Takeover}
	if rest, deny := strings.CutSuffix(text, "/deny"); deny {
		text, p.OnLimit = rest, session.Deny
	}
	p.MaxSessions, _ = strconv.Atoi(text)
	return p
}

func (w *world) socket(text string) session.Socket {
	node, conn, _ := strings.Cut(text, "/")
	n, err := strconv.ParseUint(conn, 10, 64)
	if err != nil {
		w.t.Fatalf("%v: %q is no socket, say n1/7", w.args, text)
	}
	return session.Socket{Node: session.Node(node), Conn: n}
}

// run executes one line and writes what it answers.
func (w *world) run(out io.Writer, line []string) {
	foreign := line[0] == "foreign" // another owner does it and this one does not know
	if foreign {
		line = line[1:]
	}
	if w.args = line[1:]; len(w.args) == 0 {
		w.t.Fatalf("%v: too short", line)
	}
	name := w.args[0]
	owner, known := w.owners[name]
	if !known {
		owner.Since = w.now
	}
	switch line[0] {
	case "wait":
		d, err := time.ParseDuration(name)
		if err != nil {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(d)
		return
	case "show":
		show(out, &owner)
		return
	case "restart", "reload": // a new owner reads the row, or the same one reads it again
		if line[0] == "restart" {
			owner = session.State{}
		}
		next, change := session.Adopt(owner, w.rows[name], w.now)
		w.owners[name] = next
		render(out, &change)
		return
	}
	if foreign {
		owner, _ = session.Adopt(session.State{}, w.rows[name], w.now)
	}
	next, change, err := session.Step(owner, w.now, w.command(line[0]))
	if err == nil {
		err = next.Check()
	}
	if err != nil {
		refused(out, err)
		return
	}
	if s := change.Reply.Session; s != nil && s.ID == w.sessionID(fmt.Sprint("s", w.last+1)) {
		w.last++
	}
	w.rows[name] = next.Employee
	if !foreign {
		w.owners[name] = next
	}
	render(out, &change)
}
