package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// Options of a run.
type Options struct {
	Seed  uint64
	Steps int // after which the faults end and all must come right
	Bug   Bug
	Naps  bool // owners are packed and unpacked after every message
}

// Run plays one history and returns its first violation.
func Run(o Options) error {
	w := newWorld(o)
	for w.step < o.Steps && w.wrong == nil {
		w.next()
	}
	w.heal()
	if w.wrong == nil {
		return nil
	}
	return fmt.Errorf("seed %d step %d: %w\n%s", o.Seed, w.step, w.wrong, w.story())
}

// world is the simulated time and chance. Everything in it runs in one goroutine.
type world struct {
	options   Options
	dice      *rand.Rand
	now       session.Time
	step      int
	queue     agenda
	planned   int
	calm      bool // no faults any more
	store     *store
	nodes     []*node
	terminals []*terminal
	check     *checker
	keys      []session.Key
	place     map[session.Key]int // the node that should own it
	placed    map[session.Key]session.Time
	policy    session.Policy
	ids       int
	boots     []session.Node // in packed records
	lines     []string
	wrong     error
}

var begin = session.TimeOf(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))

func newWorld(o Options) *world {
	w := &world{
		options: o, dice: rand.New(rand.NewPCG(o.Seed, 7)), now: begin,
		place: map[session.Key]int{}, placed: map[session.Key]session.Time{},
	}
	w.policy = session.Policy{MaxSessions: 1 + w.dice.IntN(2), OnLimit: session.Takeover}
	if w.chance(25) {
		w.policy.OnLimit = session.Deny
	}
	w.check = newChecker(w)
	w.store = newStore(w)
	for n := range 3 {
		w.nodes = append(w.nodes, newNode(w, n))
	}
	for _, key := range []session.Key{"ada", "grace"} {
		w.keys = append(w.keys, key)
		w.move(key)
		for n := range 3 {
			w.terminals = append(w.terminals, newTerminal(w, key, n))
		}
	}
	newOperator(w)
	return w
}

// next runs the earliest of what is planned.
func (w *world) next() {
	plan := heap.Pop(&w.queue).(plan)
	w.now = plan.at
	w.step++
	plan.do()
	w.check.sockets()
}

// heal ends the faults, lets everything settle, and asks whether it came right.
func (w *world) heal() {
	w.calm = true
	for _, n := range w.nodes {
		if n.down {
			n.start()
		}
	}
	w.until(20 * time.Second)
	w.check.settled()
	if w.wrong != nil {
		return
	}
	for _, t := range w.terminals {
		t.last()
		w.until(5 * time.Second)
	}
	w.check.settled()
}

func (w *world) until(d time.Duration) {
	for end := w.now.Add(d); w.wrong == nil && len(w.queue) > 0 && w.queue[0].at <= end; {
		w.next()
	}
}

// after plans do. What is planned for the same moment runs in the order of planning.
func (w *world) after(d time.Duration, do func()) {
	w.planned++
	heap.Push(&w.queue, plan{at: w.now.Add(d), order: w.planned, do: do})
}

// soon is a delay of a few milliseconds; now and then, while there are faults, a long one.
func (w *world) soon() time.Duration {
	d := time.Duration(w.dice.IntN(12)) * time.Millisecond
	if w.fault(4) {
		d += time.Duration(w.dice.IntN(3000)) * time.Millisecond
	}
	return d
}

func (w *world) chance(percent int) bool { return w.dice.IntN(100) < percent }

// fault is chance while faults happen at all.
func (w *world) fault(percent int) bool { return w.chance(percent) && !w.calm }

// move makes another node the owner of an employee. The old one is not told.
func (w *world) move(key session.Key) {
	w.place[key], w.placed[key] = w.dice.IntN(len(w.nodes)), w.now
}

func (w *world) fresh() (id session.ID) {
	w.ids++
	id[13], id[14], id[15] = byte(w.ids>>16), byte(w.ids>>8), byte(w.ids)
	return id
}

// violated notes the first thing that went wrong.
func (w *world) violated(promise, format string, args ...any) {
	if w.wrong == nil {
		w.wrong = fmt.Errorf("%s: %s", promise, fmt.Sprintf(format, args...))
	}
}

// tell adds a line to the history; the newest are shown with a violation.
func (w *world) tell(format string, args ...any) {
	if len(w.lines) == 400 {
		w.lines = append(w.lines[:0], w.lines[200:]...)
	}
	w.lines = append(w.lines, fmt.Sprintf("%8d %s", w.now-begin, fmt.Sprintf(format, args...)))
}

func (w *world) story() string { return strings.Join(w.lines[max(0, len(w.lines)-60):], "\n") }

// short names a session in the history.
func short(id session.ID) string {
	return fmt.Sprintf("s%d", int(id[13])<<16|int(id[14])<<8|int(id[15]))
}

type plan struct {
	at    session.Time
	order int
	do    func()
}

type agenda []plan

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}

func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(plan)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
