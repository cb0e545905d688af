package push

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Protocol makes requests of events and sense of answers. Any goroutine may call its methods.
type Protocol interface {
	// Request is made anew for each attempt; false: this protocol has nothing to say of the event.
	Request(e *relay.Event, now time.Time) (http.Header, []byte, bool, error)
	// Refuses says of an answer that is no success whether it is about this event alone, and
	// another attempt would be answered the same.
	Refuses(a *outbound.Answer) bool
}

// DeadLetters keeps what was given up.
type DeadLetters interface {
	AddDeadLetter(ctx context.Context, letter store.DeadLetter) error
}

// Options of a Sink. The zero value of a field is its default.
type Options struct {
	Name     string // the receiver's
	URL      string
	Client   *outbound.Client
	Protocol Protocol
	Dead     DeadLetters
	Marks    Marks // nil: every term counts the time anew
	// GiveUp is how long an event may fail before it becomes a dead letter; 72 h.
	GiveUp time.Duration
	// Refusals is how often an event may be refused before; 5.
	Refusals int
	// Workers is how many employees' events are on their way at once; 8.
	Workers int
	Now     func() time.Time
}

// Sink implements relay.Sink.
type Sink struct {
	o Options

	mu       sync.Mutex // guards what is known of the page under way
	done     map[string]bool
	tries    map[string]*trial
	kept     map[string]time.Time // first failures, as the store has them
	recalled bool                 // kept was read in this term
}

// trial is the record of an event that failed.
type trial struct {
	since    time.Time
	refusals int
}

// New fills the defaults.
func New(o Options) *Sink {
	if o.GiveUp == 0 {
		o.GiveUp = 72 * time.Hour
	}
	if o.Refusals == 0 {
		o.Refusals = 5
	}
	if o.Workers == 0 {
		o.Workers = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sink{o: o, done: map[string]bool{}, tries: map[string]*trial{}}
}

// Deliver implements relay.Sink. What of the page arrived before a failure is remembered, and not sent
// again with the rest. Requests under way are let finish: one that is cut off may have arrived.
func (s *Sink) Deliver(ctx context.Context, events []relay.Event, keep relay.Keep) error {
	well, give := context.WithCancel(ctx)
	defer give()
	queue, failed := make(chan []*relay.Event), make(chan error, s.o.Workers)
	var all sync.WaitGroup
	for range s.o.Workers {
		all.Go(func() {
			var first error
			for employee := range queue {
				err := s.carry(ctx, well, employee)
				if first == nil {
					first = err
				}
				var r *refusal
				if err != nil && !errors.As(err, &r) {
					give() // the receiver is not well: the others wait as well
				}
			}
			failed <- first
		})
	}
	for _, employee := range s.byEmployee(events) {
		select {
		case queue <- employee:
		case <-well.Done():
		}
	}
	close(queue)
	all.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			s.note(ctx, events, keep)
			return fmt.Errorf("receiver %s: %w", s.o.Name, err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.forget()
	return nil
}

// refusal is a failure that is about one event alone.
type refusal struct{ error }

// byEmployee are the events that are still to be sent; those that failed before come last, so that
// they hold back nobody else's.
func (s *Sink) byEmployee(events []relay.Event) [][]*relay.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	places := map[session.Key]int{}
	var well, failing [][]*relay.Event
	var lists [][]*relay.Event
	for i := range events {
		e := &events[i]
		if s.done[e.ID] {
			continue
		}
		at, known := places[e.Employee.Key()]
		if !known {
			at = len(lists)
			places[e.Employee.Key()] = at
			lists = append(lists, nil)
		}
		lists[at] = append(lists[at], e)
	}
	for _, list := range lists {
		if s.tries[list[0].ID] != nil {
			failing = append(failing, list)
		} else {
			well = append(well, list)
		}
	}
	return append(well, failing...)
}

// carry sends one employee's events in order, up to the first that fails.
func (s *Sink) carry(ctx, well context.Context, events []*relay.Event) error {
	for _, e := range events {
		if well.Err() != nil {
			return nil
		}
		if err := s.send(ctx, e); err != nil {
			return err
		}
		s.mu.Lock()
		s.done[e.ID] = true
		s.mu.Unlock()
	}
	return nil
}

// send makes one attempt; nil: it arrived, or was given up.
func (s *Sink) send(ctx context.Context, e *relay.Event) error {
	header, body, wanted, err := s.o.Protocol.Request(e, s.o.Now())
	if err != nil || !wanted {
		return err
	}
	answer, err := s.o.Client.Post(ctx, s.o.URL, header, body)
	if err == nil && answer.Status >= 200 && answer.Status < 300 {
		s.arrived(e.ID)
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	refused := false
	if err == nil {
		refused = s.o.Protocol.Refuses(&answer)
		err = failure(&answer)
	}
	s.recall(ctx)
	if !s.hopeless(e.ID, refused) {
		if refused {
			return &refusal{err}
		}
		return err
	}
	letter := store.DeadLetter{Receiver: s.o.Name, EventID: e.ID, At: session.TimeOf(s.o.Now()), Why: err.Error(), Event: e.Structured()}
	return s.o.Dead.AddDeadLetter(ctx, letter)
}

// hopeless notes a failure.
func (s *Sink) hopeless(id string, refused bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tries[id]
	if t == nil {
		t = &trial{since: s.o.Now()}
		if before, known := s.kept[id]; known {
			t.since = before
		}
		s.tries[id] = t
	}
	if refused {
		t.refusals++
	}
	if t.refusals >= s.o.Refusals {
		t.since = time.Time{} // kept as well: its time is up in every term
	}
	return s.o.Now().Sub(t.since) >= s.o.GiveUp
}

// failure is an answer that is no success, in words for the log and the dead letter.
func failure(a *outbound.Answer) error {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFFFD' {
			return ' '
		}
		return r
	}, string(a.Body[:min(len(a.Body), 200)]))
	err := fmt.Errorf("answered %d %s: %s", a.Status, http.StatusText(a.Status), strings.TrimSpace(text))
	if a.RetryAfter > 0 {
		return &later{error: err, after: a.RetryAfter}
	}
	return err
}

// later is an error that says when to come back; a courier waits at least as long.
type later struct {
	error
	after time.Duration
}

func (l *later) RetryAfter() time.Duration { return l.after }

// Close implements relay.Sink: what is known of a page goes with the term, but for what is kept.
func (s *Sink) Close() {
	s.forget()
	s.mu.Lock()
	s.kept, s.recalled = nil, false
	s.mu.Unlock()
	s.o.Client.Close()
}

func (s *Sink) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.done)
	clear(s.tries)
}

// Permanent are the statuses that are about one request, not about the receiver's settings or state.
func Permanent(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusGone:
		return false
	}
	return status >= 400 && status < 500
}
