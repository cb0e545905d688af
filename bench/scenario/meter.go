package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
)

// meter adds up a process's CPU time while it runs. One goroutine at a time.
type meter struct {
	name    string
	process host.Process
	read    func() (time.Duration, error) // nil: the process's own
	running bool
	from    time.Duration
	used    time.Duration
	broken  bool // it could not be read; its sum says nothing
}

func (m *meter) now() (time.Duration, error) {
	if m.read != nil {
		return m.read()
	}
	return m.process.CPU()
}

func (m *meter) start() {
	at, err := m.now()
	m.broken = m.broken || err != nil
	m.from, m.running = at, true
}

func (m *meter) stop() {
	if !m.running {
		return
	}
	m.running = false
	at, err := m.now()
	if err != nil {
		m.broken = true // the process has ended: what it used last is not known
		return
	}
	m.used += at - m.from
}

func (r *run) startMeters() {
	for _, m := range r.allMeters() {
		m.start()
	}
}

func (r *run) stopMeters() {
	for _, m := range r.allMeters() {
		m.stop()
	}
}

// allMeters are those of the watched processes, of this one, and of the machine.
func (r *run) allMeters() []*meter {
	if r.machine.read == nil {
		r.machine = meter{name: "machine", read: func() (time.Duration, error) { busy, _, err := host.Busy(); return busy, err }}
		r.meters = append(r.meters, &meter{name: "client", process: host.Self()})
	}
	return append(append([]*meter{}, r.meters...), &r.machine)
}

// meter finds one by its process's name; nil when there is none or it broke.
func (r *run) meter(name string) *meter {
	for _, m := range r.allMeters() {
		if m.name == name && !m.broken {
			return m
		}
	}
	return nil
}

// serversUsed is the CPU time of all servers that are watched; not known when there is none, or one of
// them could not be read.
func (r *run) serversUsed() (used time.Duration, known bool) {
	for _, m := range r.allMeters() {
		if m.process.Server {
			used, known = used+m.used, true
		}
		if m.process.Server && m.broken {
			return 0, false
		}
	}
	return used, known
}

// sampleEvery is how long a window of the report's series is.
func (r *run) sampleEvery() time.Duration {
	least := 200 * time.Millisecond
	if r.Length >= 5*time.Second {
		least = 500 * time.Millisecond
	}
	return min(max(r.Length/60, least), 10*time.Second)
}

// sample closes a window now and then, with what the machine and the sockets are like.
func (r *run) sample(ctx context.Context) {
	every := r.sampleEvery()
	tick := time.NewTicker(every)
	defer tick.Stop()
	probes := append([]host.Process{}, r.Watch...)
	probes = append(probes, host.Self())
	before := map[string]time.Duration{}
	at := time.Now()
	for _, p := range probes {
		before[p.Name], _ = p.CPU() // what cannot be read has no line in the plot
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		row := map[string]float64{"sockets": float64(r.crew.sockets.Count())}
		now := time.Now()
		for _, p := range probes {
			cpu, err := p.CPU()
			if err != nil {
				continue
			}
			row[p.Name+" cores"] = (cpu - before[p.Name]).Seconds() / now.Sub(at).Seconds()
			before[p.Name] = cpu
			if bytes, err := p.Resident(); err == nil {
				row[p.Name+" MB"] = float64(bytes) / 1e6
			}
		}
		at = now
		r.rec.CloseWindow(row)
		r.say()
	}
}

// say tells the progress what there is to see.
func (r *run) say() {
	text := ""
	for _, t := range r.rec.Timers() {
		if n := t.Count(); n > 0 {
			text = fmt.Sprintf("%d × %s, p50 %.2f ms, p99 %.2f ms", n, t.Name, t.Total().At(.5).Seconds()*1e3, t.Total().At(.99).Seconds()*1e3)
			break
		}
	}
	failed := 0
	for _, n := range r.rec.Failures() {
		failed += n
	}
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	r.Progress.Step(int(r.rec.Active()/time.Millisecond), text)
}
