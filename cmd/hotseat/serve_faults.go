//go:build faults

package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/session"
)

// fault is the value of one of the names in HOTSEAT_TEST_FAULT, name=value by comma; empty: whole.
// Some are moments that no signal from outside can meet, the others are mistakes that a checker of
// the promises must find.
func fault(name string) string {
	for _, one := range strings.Split(os.Getenv("HOTSEAT_TEST_FAULT"), ",") {
		if n, value, _ := strings.Cut(one, "="); n == name {
			return value
		}
	}
	return ""
}

func faultyGateway(g actors.Gateway) actors.Gateway { return &faultGateway{g} }

// faultGateway is between commit and notice.
type faultGateway struct{ actors.Gateway }

// Tell ends the process, or this actor, when the terminal that logged in is the one named, and may take
// its time.
func (g *faultGateway) Tell(told []session.Told, deliveries []*session.Delivery, since time.Time) {
	for i := range told {
		switch by := string(told[i].Notice.By.Terminal); {
		case by == "":
		case by == fault("crash-before-notice"):
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		case by == fault("panic-in-actor"):
			panic("planted: this terminal's logins break its employee's actor")
		}
	}
	switch late := fault("late-notices"); late {
	case "":
		g.Gateway.Tell(told, deliveries, since)
	case "never":
	default:
		wait, _ := time.ParseDuration(late) // what is none is no delay, and found by nobody
		told, deliveries = slices.Clone(told), slices.Clone(deliveries)
		time.AfterFunc(wait, func() { g.Gateway.Tell(told, deliveries, since) })
	}
}

func faultyEmployees(e api.Employees) api.Employees { return &faultEmployees{e} }

// faultEmployees is in the goroutine of an HTTP handler.
type faultEmployees struct{ api.Employees }

func (e *faultEmployees) Do(ctx context.Context, key session.Key, cmd session.Command) (session.Reply, error) {
	if string(key) == fault("panic-in-handler") {
		panic("planted: every command of this employee breaks its handler")
	}
	reply, err := e.Employees.Do(ctx, key, cmd)
	if fault("await-acks") != "" { // a login that waits for the older tab
		waiting, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		for _, d := range reply.Deliveries {
			if d != nil {
				d.Wait(waiting, session.Acked)
			}
		}
	}
	return reply, err
}

func faultyRows(r api.Rows) api.Rows {
	if fault("old-rows") == "" {
		return r
	}
	return &oldRows{Rows: r, rows: map[session.Key]oldRow{}}
}

// oldRows is a strict check that is not: it answers from a cache for a second.
type oldRows struct {
	api.Rows
	mu   sync.Mutex
	rows map[session.Key]oldRow
}

type oldRow struct {
	row session.Employee
	at  time.Time
}

func (r *oldRows) Load(ctx context.Context, key session.Key) (session.Employee, error) {
	r.mu.Lock()
	old := r.rows[key]
	r.mu.Unlock()
	if time.Since(old.at) < time.Second {
		return old.row, nil
	}
	row, err := r.Rows.Load(ctx, key)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rows[key] = oldRow{row, time.Now()}
	}
	return row, err
}

func faultyStore(s persistence.Store) persistence.Store { return &faultStore{Store: s} }

// faultStore is a fence with holes.
type faultStore struct {
	persistence.Store
	writes atomic.Int64
	away   atomic.Int64 // when it was away last, for slow-heal
}

// Unwrap is the store without faults.
func (s *faultStore) Unwrap() persistence.Store { return s.Store }

// everyNth is how many writes there are for each that is treated badly.
const everyNth = 20

func (s *faultStore) Commit(ctx context.Context, lane int, writes []persistence.Write) []error {
	switch {
	case fault("lost-commits") != "":
		return s.loseSome(ctx, lane, writes)
	case fault("lost-events") != "":
		for i := range writes {
			if s.writes.Add(1)%everyNth == 0 {
				change := *writes[i].Change
				change.Events = nil
				writes[i].Change = &change
			}
		}
	case fault("no-versions") != "":
		return s.overwrite(ctx, lane, writes)
	case fault("slow-heal") != "" || fault("end-at-outage") != "":
		return s.sulk(ctx, lane, writes)
	}
	return s.Store.Commit(ctx, lane, writes)
}

// sulk goes on refusing for long after the store has come back, or ends the process when it goes. Meanwhile it
// looks after the store, so that the time counts from when it is back, however long that took.
func (s *faultStore) sulk(ctx context.Context, lane int, writes []persistence.Write) []error {
	const long = 12 * time.Second
	if time.Since(time.Unix(0, s.away.Load())) < long {
		if _, err := s.Store.Load(ctx, []session.Key{writes[0].Key}); err != nil {
			s.away.Store(time.Now().UnixNano())
		}
		return slices.Repeat([]error{session.ErrUnavailable}, len(writes))
	}
	errs := s.Store.Commit(ctx, lane, writes)
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil && err != session.ErrConflict }) {
		if fault("end-at-outage") != "" {
			os.Exit(1)
		}
		s.away.Store(time.Now().UnixNano())
	}
	return errs
}

// loseSome says that a write was done which was not.
func (s *faultStore) loseSome(ctx context.Context, lane int, writes []persistence.Write) []error {
	errs := make([]error, len(writes))
	var kept []persistence.Write
	var at []int
	for i, w := range writes {
		if s.writes.Add(1)%everyNth != 0 {
			kept, at = append(kept, w), append(at, i)
		}
	}
	if len(kept) == 0 {
		return errs
	}
	for i, err := range s.Store.Commit(ctx, lane, kept) {
		errs[at[i]] = err
	}
	return errs
}

// overwrite takes every conflict for a reason to write all the same, as a store without the
// comparison of versions does.
func (s *faultStore) overwrite(ctx context.Context, lane int, writes []persistence.Write) []error {
	errs := s.Store.Commit(ctx, lane, writes)
	for i := range errs {
		for tries := 0; errs[i] == session.ErrConflict && tries < 5; tries++ {
			rows, err := s.Store.Load(ctx, []session.Key{writes[i].Key})
			if err != nil {
				break
			}
			forced := writes[i]
			change, save := *forced.Change, *forced.Change.Save
			forced.Expected, save.Version = rows[0].Version, rows[0].Version+1
			change.Save, forced.Change = &save, &change
			errs[i] = s.Store.Commit(ctx, lane, []persistence.Write{forced})[0]
		}
	}
	return errs
}

// Tail never shows an ending when it is told to be blind, or only those that no transaction can overtake.
func (s *faultStore) Tail() persistence.Tail {
	switch {
	case fault("blind-tail") != "":
		return blindTail{s.Store.Tail()}
	case fault("held-tail") != "":
		return &heldTail{log: s.Store}
	}
	return s.Store.Tail()
}

type blindTail struct{ persistence.Tail }

func (t blindTail) Next(ctx context.Context) ([]session.Event, error) {
	_, err := t.Tail.Next(ctx)
	return nil, err
}

// heldTail reads the log in order, as relays do, so that the oldest transaction of the whole server holds
// it back: it waits for that one to end, or goes on without what is behind it.
type heldTail struct {
	log persistence.Store
	at  persistence.LogPosition
}

func (t *heldTail) Next(ctx context.Context) (endings []session.Event, err error) {
	if t.at == "" {
		if t.at, err = t.log.LogEnd(ctx); err != nil {
			return nil, err
		}
	}
	for {
		page, err := t.log.ReadLog(ctx, t.at, 1000)
		if err != nil {
			return nil, err
		}
		t.at, endings = page.Next, append(endings, page.Events...)
		if page.Waiting == 0 || fault("held-tail") != "waits" {
			return endings, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
