package session_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hotseat-hub/hotseat/session"
)

var everyField = cmp.Exporter(func(reflect.Type) bool { return true })

// packed is a state that was packed and unpacked again.
func packed(s session.State) (again session.State, err error) {
	nodes := []session.Node{}
	number := func(n session.Node) uint64 { nodes = append(nodes, n); return uint64(len(nodes) - 1) }
	err = again.DecodeState(s.AppendState(nil, number), func(n uint64) session.Node { return nodes[n] })
	return again, err
}

func TestAPackedStateIsReadAsItWas(t *testing.T) {
	r := &random{chooser: &seeded{state: 1}, now: start}
	var s session.State
	handles, sizes := 0, map[bool]int{}
	for step := range 4000 {
		r.pass()
		next, _, err := session.Step(s, r.now, r.command())
		if err == nil {
			s = next
		}
		again, err := packed(s)
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if diff := cmp.Diff(s, again, everyField, sameEmpty); diff != "" {
			t.Fatalf("step %d (-packed +unpacked):\n%s", step, diff)
		}
		handles = max(handles, len(s.Handles))
		sizes[len(s.Active) > 1]++
		if step%800 == 799 {
			s = session.State{} // a new employee: deleted ones would stay
		}
	}
	if handles < 2 || len(sizes) < 2 {
		t.Errorf("the commands were too tame: %d handles at most, sessions %v", handles, sizes)
	}
}

// seeded chooses by a generator of its own.
type seeded struct{ state uint64 }

func (s *seeded) below(n int) int {
	s.state = s.state*6364136223846793005 + 1442695040888963407
	return int(s.state>>33) % n
}

func TestAPackedStateThatWasCutIsCorrupt(t *testing.T) {
	row, _ := full()
	s := session.State{Employee: row, Since: start, Handles: []session.Handle{
		{Socket: session.Socket{Node: "n1", Conn: 1 << 63}, Session: row.Active[3].ID},
		{Socket: session.Socket{Node: "n2", Conn: 7}, Session: numbered(9999)},
	}}
	s.ID, s.Version, s.Epoch = "Ada", 5, 4
	again, err := packed(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again, everyField); diff != "" {
		t.Errorf("(-packed +unpacked):\n%s", diff)
	}
	number := func(session.Node) uint64 { return 0 }
	node := func(uint64) session.Node { return "n" }
	whole := s.AppendState(nil, number)
	for n := range whole {
		if err := again.DecodeState(whole[:n], node); err == nil {
			t.Fatalf("cut to %d of %d bytes: nothing was wrong", n, len(whole))
		}
	}
}
