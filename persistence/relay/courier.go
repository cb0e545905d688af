package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// markEvery is how often a mark is set though there was nothing to deliver: it holds the log's
// retention, and must not look as if its sink were away.
const markEvery = 30 * time.Second

// courier carries the log to one sink. Its run is called by one goroutine at a time; what metrics
// read is in state.
type courier struct {
	r     *Relay
	route Route
	state state
	stuck <-chan error // a delivery has outlived its term, until the sink is closed behind it; nil: there is none
}

func newCourier(r *Relay, route Route) *courier { return &courier{r: r, route: route} }

// voyage is what a courier knows during one term.
type voyage struct {
	*courier
	term  store.Term
	at    store.LogPosition // everything before was delivered
	saved time.Time         // when the mark was set last
}

// run carries events until ctx is done; it returns an error when this node no longer leads.
func (c *courier) run(ctx context.Context, term store.Term) error {
	if c.route.Watched {
		c.watch(ctx)
		return nil
	}
	v := &voyage{courier: c, term: term}
	for wait := time.Duration(0); ; {
		err := v.begin(ctx)
		if err == nil {
			break
		}
		if over := v.failed(ctx, err); over != nil {
			return over
		}
		if wait = v.longer(wait); !pause(ctx, wait) {
			return nil
		}
	}
	for wait := time.Duration(0); ctx.Err() == nil; {
		more, err := v.step(ctx)
		switch {
		case err != nil:
			if over := v.failed(ctx, err); over != nil {
				return over
			}
			wait = v.longer(wait)
			pause(ctx, wait)
		case more:
			wait = 0
		default:
			wait = 0
			pause(ctx, c.r.o.Poll)
		}
	}
	return nil
}

// watchEvery is how often the mark of a receiver that fetches its events itself is looked at.
const watchEvery = 5 * time.Second

// watch keeps the metrics of such a receiver.
func (c *courier) watch(ctx context.Context) {
	for ok := true; ok; ok = pause(ctx, watchEvery) {
		if err := c.glance(ctx); err != nil && ctx.Err() == nil && c.state.complain() {
			c.r.o.Log.Warn("it is not known how far a receiver is that fetches its events", "sink", c.route.Name, "error", err)
		}
	}
}

// glance looks once. One that does not come back at all is lost all the same, and seen to be.
func (c *courier) glance(ctx context.Context) error {
	at, err := c.r.o.Store.Mark(ctx, store.HoldPrefix+c.route.Name)
	if err != nil || at == "" {
		return err
	}
	page, err := c.r.o.Store.ReadLog(ctx, at, 1)
	if errors.Is(err, store.ErrPositionLost) {
		if at, err = Lose(ctx, c.r.o.Store, c.r.o.Log, c.route.Name, at, err); err == nil {
			page, err = c.r.o.Store.ReadLog(ctx, at, 1)
		}
	}
	if err != nil {
		return err
	}
	lost, err := c.r.o.Store.Mark(ctx, lostMark+c.route.Name)
	if err != nil {
		return err
	}
	c.state.setLost(lost)
	c.state.see(&page)
	return nil
}

// begin finds where the sink is; a new one is given a mark before anything is delivered.
func (v *voyage) begin(ctx context.Context) error {
	lost, err := v.r.o.Store.Mark(ctx, lostMark+v.route.Name)
	if err != nil {
		return err
	}
	v.state.setLost(lost)
	if v.at, err = v.r.o.Store.Mark(ctx, store.HoldPrefix+v.route.Name); err != nil || v.at != "" || v.route.FromStart {
		return err
	}
	end, err := v.r.o.Store.LogEnd(ctx)
	if err != nil {
		return err
	}
	return v.move(ctx, end)
}

// step reads one page and delivers it; more says that the next one is there already.
func (v *voyage) step(ctx context.Context) (more bool, err error) {
	page, err := v.r.o.Store.ReadLog(ctx, v.at, v.r.o.PageEvents)
	if errors.Is(err, store.ErrPositionLost) {
		return true, v.lose(ctx, err)
	}
	if err != nil {
		return false, err
	}
	v.state.see(&page)
	if len(page.Events) > 0 {
		if err := v.deliver(ctx, &page); err != nil {
			return false, err
		}
		return page.More, v.move(ctx, page.Next)
	}
	if time.Since(v.saved) > markEvery {
		return page.More, v.move(ctx, page.Next)
	}
	v.at = page.Next
	return page.More, nil
}

// deliver gives the page to the sink until it takes it. Only this term's end stops it: an event that
// is not delivered is not passed over.
func (v *voyage) deliver(ctx context.Context, page *store.LogPage) error {
	events := make([]Event, len(page.Events))
	for i, e := range page.Events {
		events[i] = Encode(v.r.o.Source, e)
	}
	for wait := time.Duration(0); ; {
		err := v.attempt(ctx, events, page)
		if err == nil {
			v.state.delivered(page)
			return nil
		}
		if over := v.failed(ctx, err); over != nil || ctx.Err() != nil {
			return errors.Join(over, ctx.Err())
		}
		wait = v.longer(wait)
		if !v.linger(ctx, max(wait, asked(err)), page) {
			return ctx.Err()
		}
	}
}

// lookEvery is how old the backlog's length may be while a page waits for its sink: an attempt may take
// seconds, and the pause behind it half a minute.
const lookEvery = 2 * time.Second

// attempt delivers once. A sink that does not even notice that the term is over, as one that writes into a
// full pipe, is left behind: it holds up neither the node nor the other sinks.
func (v *voyage) attempt(ctx context.Context, events []Event, page *store.LogPage) error {
	if v.stuck != nil { // in a term before: one delivery at a time
		if ended, _ := v.await(ctx, v.stuck, page); !ended {
			return ctx.Err()
		}
		v.stuck = nil
	}
	done := make(chan error, 1)
	go func() { done <- v.route.Sink.Deliver(ctx, events, v.keep) }()
	ended, err := v.await(ctx, done, page)
	if ended {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-time.After(v.r.o.TTL / leaveIn):
	}
	v.leave(done)
	v.r.o.Log.Warn("a sink does not let go of a delivery; its events come again when it does", "sink", v.route.Name)
	return ctx.Err()
}

// leave closes the sink when its delivery ends, whether this node leads again or not. A delivery of the next term
// waits for that.
func (c *courier) leave(done <-chan error) {
	closed := make(chan error)
	c.stuck = closed
	go func() {
		defer close(closed)
		<-done
		c.route.Sink.Close()
	}()
}

// leaveIn is the part of the time to live that a delivery has to end in: what is left of the lease when keep
// gives up.
const leaveIn = 6

// await waits for a delivery's end, for as long as ctx is good.
func (v *voyage) await(ctx context.Context, done <-chan error, page *store.LogPage) (ended bool, err error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return true, err
		case <-look.C:
			v.lookBehind(ctx, page)
		case <-ctx.Done():
			return false, nil
		}
	}
}

// linger pauses, and reports whether ctx is still good.
func (v *voyage) linger(ctx context.Context, d time.Duration, page *store.LogPage) bool {
	for ; d > 0; d -= lookEvery {
		v.lookBehind(ctx, page)
		if !pause(ctx, min(d, lookEvery)) {
			return false
		}
	}
	return true
}

// lookBehind keeps the backlog's length true while the sink is away.
func (v *voyage) lookBehind(ctx context.Context, page *store.LogPage) {
	if behind, err := v.r.o.Store.ReadLog(ctx, page.Next, 1); err == nil {
		v.state.grow(behind.Waiting + int64(len(behind.Events)))
	}
}

// keep implements Keep. A delivery that has outlived its term has the term that it began in.
func (v *voyage) keep(ctx context.Context, mark string, at store.LogPosition) error {
	return v.r.o.Store.SetMarkAs(ctx, leadership, v.term, mark, at)
}

// move sets the sink's mark.
func (v *voyage) move(ctx context.Context, to store.LogPosition) error {
	if err := v.keep(ctx, store.HoldPrefix+v.route.Name, to); err != nil {
		return err
	}
	v.at, v.saved = to, time.Now()
	return nil
}

// lose goes on from the present: what the sink has missed is gone from the log.
func (v *voyage) lose(ctx context.Context, why error) error {
	end, err := v.r.o.Store.LogEnd(ctx)
	if err != nil {
		return err
	}
	now := lostNow()
	if err := v.keep(ctx, lostMark+v.route.Name, now); err != nil {
		return err
	}
	if err := v.move(ctx, end); err != nil {
		return err
	}
	v.state.setLost(now)
	sayLost(v.r.o.Log, v.route.Name, why)
	return nil
}

// failed notes an error, and returns one when this node no longer leads.
func (v *voyage) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	if isTermOver(err) || errors.Is(err, ErrFenced) {
		return fmt.Errorf("sink %s: %w", v.route.Name, err)
	}
	if v.state.fail() {
		v.r.o.Log.Warn("events wait for a sink; logins do not", "sink", v.route.Name, "error", err)
	}
	return nil
}

// asked is how long a receiver wants to be left alone.
func asked(err error) time.Duration {
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		return later.RetryAfter()
	}
	return 0
}

// longer doubles a pause up to the longest.
func (v *voyage) longer(wait time.Duration) time.Duration {
	return min(max(2*wait, v.r.o.Backoff/100), v.r.o.Backoff)
}
