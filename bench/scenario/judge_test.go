package scenario

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/load"
)

// judged is what a run of one second on two cores says of its load generator.
func judged(client, machine time.Duration, change func(*run)) string {
	used := func(d time.Duration) func() (time.Duration, error) {
		return func() (time.Duration, error) { return d, nil }
	}
	r := &run{rec: load.NewRecorder(), meters: []*meter{{name: "client", read: used(0), used: client}}, machine: meter{name: "machine", read: used(0), used: machine}}
	r.Workers = 64
	r.notes.Machine = host.Machine{Cores: 2, MaxProc: 2}
	r.rec.Begin()
	reply := r.rec.Timer("reply")
	for range 100 {
		reply.Record(time.Now(), time.Now().Add(time.Millisecond))
	}
	time.Sleep(time.Second)
	r.rec.Pause()
	change(r)
	r.judge()
	return strings.Join(r.notes.Generator.Limits, "\n")
}

// offering is at a rate, with so many of 1000 operations late, by so much, and so many that waited for a worker.
func offering(late int, by time.Duration, waited int) func(*run) {
	return func(r *run) {
		r.Rate = 1000
		r.offered = &load.Offered{Begun: 1000, Waited: waited, Late: load.NewHistogram()}
		for i := range 1000 {
			d := time.Duration(0)
			if i < late {
				d = by
			}
			r.offered.Late.Record(d)
		}
	}
}

func TestAResultSaysWhenTheLoadGeneratorWasTheLimit(t *testing.T) {
	nothing := func(*run) {}
	for _, c := range []struct {
		name            string
		client, machine time.Duration
		change          func(*run)
		says            string // empty: nothing
	}{
		{"a server that works", 600 * time.Millisecond, 1600 * time.Millisecond, nothing, ""},
		{"a busy machine that the load takes little of", 500 * time.Millisecond, 1990 * time.Millisecond, nothing, ""},
		{"a load that fills the cores", 1850 * time.Millisecond, 1950 * time.Millisecond, nothing, "used 1.9 of 2 cores: the load generator was the limit"},
		{"a load that takes its share of a busy machine", 800 * time.Millisecond, 1960 * time.Millisecond, nothing, "All cores were busy (98 %), 0.8 of 2 with this program"},
		{"one processor of two", 950 * time.Millisecond, time.Second, func(r *run) { r.notes.Machine.MaxProc = 1 }, "the load generator was the limit"},
		{"on time", 0, 0, offering(5, time.Millisecond, 5), ""},
		{"late by little", 0, 0, offering(1000, 90*time.Microsecond, 0), ""},
		{"late", 0, 0, offering(20, time.Millisecond, 0), "began more than 1.00 ms late although a worker was free"},
		{"too few workers", 0, 0, offering(0, 0, 30), "3 % of the operations were due while all 64 workers were busy"},
		{"too few workers in a closed loop", 0, 0, func(r *run) { offering(20, time.Second, 300)(r); r.Rate = 0 }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				said := judged(c.client, c.machine, c.change)
				if c.says == "" {
					require.Empty(t, said)
				}
				require.Contains(t, said, c.says)
			})
		})
	}
}
