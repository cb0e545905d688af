package actors

import (
	"runtime"
	"sync"
)

// workers run mailboxes on goroutines whose stacks have grown already: a fresh goroutine per
// message spends more time growing its stack than deciding a login. Any goroutine may call schedule.
type workers struct {
	// runnable holds mailboxes with something to do, each at most once. When it is full the
	// mailbox gets a goroutine of its own, so nothing waits for a place.
	runnable chan *mailbox
	stopped  chan struct{}
	wg       sync.WaitGroup
}

// An employee never blocks, so a few more workers than cores keep the cores busy.
const workersPerCore = 4

func startWorkers() *workers {
	w := &workers{runnable: make(chan *mailbox, 8192), stopped: make(chan struct{})}
	for range workersPerCore * runtime.GOMAXPROCS(0) {
		w.wg.Go(w.work)
	}
	return w
}

func (w *workers) schedule(m *mailbox) {
	select {
	case w.runnable <- m:
	default:
		go m.run()
	}
}

func (w *workers) work() {
	for {
		select {
		case m := <-w.runnable:
			m.run()
		case <-w.stopped:
			return
		}
	}
}

// stop returns when no worker runs any more. What is scheduled later stays undone: nobody is left
// to wait for it.
func (w *workers) stop() {
	close(w.stopped)
	w.wg.Wait()
}
