package password

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

// MaxLength of a password in bytes: more is refused before any work.
const MaxLength = 1024

// Options of a Pool; the zero value of a field is its default.
type Options struct {
	// Workers is how many hashes run at once; half the cores by default, at least one. More
	// starve the rest of the process.
	Workers int
	// Queue is how many callers may wait; 256 by default. A longer one only makes them wait past
	// their deadlines.
	Queue int
	// Params of new hashes; Default by default.
	Params Params
	// Refused counts callers that found the queue full or waited in vain; may be nil.
	Refused prometheus.Counter
}

// Pool runs hashes. Any goroutine may call its methods; the work is done on the caller's own.
type Pool struct {
	o       Options
	slots   chan struct{} // one per worker; callers wait their turn in order of arrival
	waiting atomic.Int64  // callers in the queue, at most o.Queue; one more is refused
	prefix  string        // of the hashes that it makes
	unknown phc           // what to check when there is no hash: no password gives it
}

// New returns a Pool.
func New(o Options) *Pool {
	if o.Workers <= 0 {
		o.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Queue <= 0 {
		o.Queue = 256
	}
	if o.Params == (Params{}) {
		o.Params = Default
	}
	p := &Pool{o: o, slots: make(chan struct{}, o.Workers)}
	p.unknown = phc{Params: o.Params, salt: random(saltLength), hash: random(hashLength)}
	head, _, _ := strings.Cut(p.unknown.String(), ",p=")
	p.prefix = head + fmt.Sprintf(",p=%d$", o.Params.Threads)
	return p
}

// Hash makes a PHC string for password. It answers session.ErrOverloaded when there is no room
// before ctx is done.
func (p *Pool) Hash(ctx context.Context, password string) (string, error) {
	fresh := phc{Params: p.o.Params, salt: random(saltLength), hash: make([]byte, hashLength)}
	err := p.run(ctx, func() { fresh.hash = fresh.derive(password) })
	if err != nil {
		return "", err
	}
	return fresh.String(), nil
}

// Verify reports whether password gives the stored hash. An empty hash stands for an employee who
// is unknown or has no password: the work is the same and the answer is no. Admit, unless nil, is
// asked when the caller's turn has come, and its error is answered instead of doing the work: what
// happened to others during the wait counts.
func (p *Pool) Verify(ctx context.Context, hash, password string, admit func() error) (ok bool, err error) {
	var against stored = &p.unknown
	if hash != "" {
		if against, err = parse(hash); err != nil {
			return false, err
		}
	}
	var refused error
	err = p.run(ctx, func() {
		if admit != nil {
			refused = admit()
		}
		if refused == nil {
			ok = against.matches(password)
		}
	})
	if err == nil {
		err = refused
	}
	return ok && hash != "", err
}

// Outdated reports whether a hash that has just been checked should be made anew: it is another
// system's, or of other costs than new ones.
func (p *Pool) Outdated(hash string) bool { return !strings.HasPrefix(hash, p.prefix) }

func (p *Pool) run(ctx context.Context, work func()) error {
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-p.slots }()
	work()
	return nil
}

// wait queues for a slot.
func (p *Pool) wait(ctx context.Context) error {
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > int64(p.o.Queue) {
		return p.refuse("full")
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return p.refuse("too slow for this request")
	}
}

func (p *Pool) refuse(why string) error {
	if p.o.Refused != nil {
		p.o.Refused.Inc()
	}
	return fmt.Errorf("password queue %s: %w", why, session.ErrOverloaded)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
