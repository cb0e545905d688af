package enforce

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

// Source is a reader of the log's endings: each call returns those not returned yet, from every
// writer. After an error the same call may be made again and nothing is lost.
type Source interface {
	Next(ctx context.Context) ([]session.Event, error)
}

// Sockets are the sockets of this node.
type Sockets interface {
	// TellSession tells those that were not told yet, and answers how many.
	TellSession(n session.Notice) int
}

// TailOptions of a Tail. Source, View and Sockets must be given.
type TailOptions struct {
	Source  Source
	View    *View
	Sockets Sockets
	// Feed lists the endings for those who check tokens outside; nil: nobody asks.
	Feed *Feed
	// Every is the time between polls; 200 ms. It bounds how long a socket stays unaware when its
	// direct notice was lost, and how stale local answers are.
	Every time.Duration
	// Timeout bounds one poll; 5 s.
	Timeout    time.Duration
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Tail is the backstop: it brings every ending in the store to this node's view and sockets. Run is
// for one goroutine.
type Tail struct {
	options TailOptions
	begun   bool
	failing bool
}

// NewTail registers hotseat_tail_lag_seconds.
func NewTail(o TailOptions) (*Tail, error) {
	if o.Every <= 0 {
		o.Every = 200 * time.Millisecond
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registerer != nil {
		err := o.Registerer.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "hotseat_tail_lag_seconds",
			Help: "Time since the start of the last successful poll of the log's endings.",
		}, func() float64 { return o.View.Staleness(time.Now()).Seconds() }))
		if err != nil {
			return nil, err
		}
	}
	return &Tail{options: o}, nil
}

// Run polls until ctx is done. While the store is away it goes on asking; the View's staleness says
// how long that has been.
func (t *Tail) Run(ctx context.Context) error {
	tick := time.NewTicker(t.options.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		t.note(t.poll(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// poll brings what is new. The order matters: first the view, then the sockets, then the staleness.
// A socket that is attaching goes the other way, index first and view second, so one of the two sees
// the other; and nobody reads a small staleness before the endings that belong to it.
func (t *Tail) poll(ctx context.Context) error {
	start, from := time.Now(), t.options.View.options.Now()
	ctx, cancel := context.WithTimeout(ctx, t.options.Timeout)
	defer cancel()
	endings, err := t.options.Source.Next(ctx)
	if err != nil {
		return err
	}
	if !t.begun { // the reader began before this moment: whatever ends from now on will come
		t.options.View.Begin(t.options.View.options.Now())
		t.begun = true
	}
	t.options.View.Add(endings)
	for i := range endings {
		if e := &endings[i]; e.Type.Ends() {
			t.options.Sockets.TellSession(e.Notice())
		}
	}
	t.options.View.Polled(start)
	if t.options.Feed != nil {
		t.options.Feed.polled(endings, from)
	}
	return nil
}

// note logs when polls begin to fail and when they work again, not each of them.
func (t *Tail) note(err error) {
	switch {
	case err != nil && !t.failing:
		t.options.Log.Warn("the log's endings cannot be read; local answers grow stale", "error", err)
	case err == nil && t.failing:
		t.options.Log.Info("the log's endings are read again", "staleness", t.options.View.Staleness(time.Now()))
	}
	t.failing = err != nil
}
