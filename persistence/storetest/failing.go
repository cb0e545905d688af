package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

var errOnPurpose = fmt.Errorf("on purpose: %w", session.ErrUnavailable)

// failing fails each kind of call before it is done, then after it was done, then not, and so on.
type failing struct {
	store.Store
	commits, reads atomic.Int64
}

// Failing wraps s.
func Failing(s store.Store) store.Store { return &failing{Store: s} }

const (
	before = iota
	after
	never
)

func (f *failing) Commit(ctx context.Context, lane int, writes []store.Write) []error {
	turn := f.commits.Add(1) % 3
	errs := make([]error, len(writes))
	if turn == before {
		for i := range errs {
			errs[i] = errOnPurpose
		}
		return errs
	}
	errs = f.Store.Commit(ctx, lane, writes)
	for i := range errs {
		if turn == after {
			errs[i] = session.ErrOutcomeUnknown // whatever it was: nobody heard
		}
	}
	return errs
}

// ask fails in turn around do.
func (f *failing) ask(do func() error) error {
	turn := f.reads.Add(1) % 3
	if turn == before {
		return errOnPurpose
	}
	err := do()
	if turn == after {
		return errors.Join(errOnPurpose, err)
	}
	return err
}

func (f *failing) Load(ctx context.Context, keys []session.Key) (rows []session.Employee, err error) {
	err = f.ask(func() (err error) { rows, err = f.Store.Load(ctx, keys); return err })
	return rows, err
}

func (f *failing) FindKey(ctx context.Context, key session.Key, hash [16]byte, since session.Time) (k *session.KeyRecord, err error) {
	err = f.ask(func() (err error) { k, err = f.Store.FindKey(ctx, key, hash, since); return err })
	return k, err
}

func (f *failing) Rows(ctx context.Context, after session.Key, limit int) (rows []session.Employee, err error) {
	err = f.ask(func() (err error) { rows, err = f.Store.Rows(ctx, after, limit); return err })
	return rows, err
}

func (f *failing) NewGeneration(ctx context.Context) error {
	return f.ask(func() error { return f.Store.NewGeneration(ctx) })
}

func (f *failing) Profile(ctx context.Context, key session.Key) (p session.Profile, err error) {
	err = f.ask(func() (err error) { p, err = f.Store.Profile(ctx, key); return err })
	return p, err
}

func (f *failing) ProfileByUsername(ctx context.Context, name string) (p session.Profile, err error) {
	err = f.ask(func() (err error) { p, err = f.Store.ProfileByUsername(ctx, name); return err })
	return p, err
}

func (f *failing) Profiles(ctx context.Context, prefix string, after session.Key, limit int) (r []store.Record, err error) {
	err = f.ask(func() (err error) { r, err = f.Store.Profiles(ctx, prefix, after, limit); return err })
	return r, err
}

func (f *failing) Started(ctx context.Context, after store.LogPosition, before session.Time, limit int) (e []session.Event, at store.LogPosition, err error) {
	err = f.ask(func() (err error) { e, at, err = f.Store.Started(ctx, after, before, limit); return err })
	return e, at, err
}

func (f *failing) ReadLog(ctx context.Context, after store.LogPosition, limit int) (p store.LogPage, err error) {
	err = f.ask(func() (err error) { p, err = f.Store.ReadLog(ctx, after, limit); return err })
	return p, err
}

func (f *failing) LogEnd(ctx context.Context) (at store.LogPosition, err error) {
	err = f.ask(func() (err error) { at, err = f.Store.LogEnd(ctx); return err })
	return at, err
}

func (f *failing) LogHorizon(ctx context.Context) (h store.Horizon, err error) {
	err = f.ask(func() (err error) { h, err = f.Store.LogHorizon(ctx); return err })
	return h, err
}

func (f *failing) Ended(ctx context.Context, since session.Time, after store.LogPosition, limit int) (e []session.Event, at store.LogPosition, err error) {
	err = f.ask(func() (err error) { e, at, err = f.Store.Ended(ctx, since, after, limit); return err })
	return e, at, err
}

func (f *failing) AddDeadLetter(ctx context.Context, l store.DeadLetter) error {
	return f.ask(func() error { return f.Store.AddDeadLetter(ctx, l) })
}

func (f *failing) DeadLetters(ctx context.Context, limit int) (l []store.DeadLetter, err error) {
	err = f.ask(func() (err error) { l, err = f.Store.DeadLetters(ctx, limit); return err })
	return l, err
}

func (f *failing) Setting(ctx context.Context, name string, proposed []byte) (v []byte, err error) {
	err = f.ask(func() (err error) { v, err = f.Store.Setting(ctx, name, proposed); return err })
	return v, err
}

func (f *failing) SetSetting(ctx context.Context, name string, value []byte) error {
	return f.ask(func() error { return f.Store.SetSetting(ctx, name, value) })
}

func (f *failing) Mark(ctx context.Context, name string) (at store.LogPosition, err error) {
	err = f.ask(func() (err error) { at, err = f.Store.Mark(ctx, name); return err })
	return at, err
}

func (f *failing) SetMark(ctx context.Context, name string, at store.LogPosition) error {
	return f.ask(func() error { return f.Store.SetMark(ctx, name, at) })
}

func (f *failing) MoveMark(ctx context.Context, name string, from, to store.LogPosition) error {
	return f.ask(func() error { return f.Store.MoveMark(ctx, name, from, to) })
}

func (f *failing) Lead(ctx context.Context, name, holder string, ttl time.Duration) (term store.Term, err error) {
	err = f.ask(func() (err error) { term, err = f.Store.Lead(ctx, name, holder, ttl); return err })
	return term, err
}

func (f *failing) Resign(ctx context.Context, name string, term store.Term) error {
	return f.ask(func() error { return f.Store.Resign(ctx, name, term) })
}

func (f *failing) SetMarkAs(ctx context.Context, leadership string, term store.Term, mark string, at store.LogPosition) error {
	return f.ask(func() error { return f.Store.SetMarkAs(ctx, leadership, term, mark, at) })
}

func (f *failing) KeepTerminal(ctx context.Context, id session.TerminalID, key session.Key, until session.Time) error {
	return f.ask(func() error { return f.Store.KeepTerminal(ctx, id, key, until) })
}

func (f *failing) Terminal(ctx context.Context, id session.TerminalID) (key session.Key, err error) {
	err = f.ask(func() (err error) { key, err = f.Store.Terminal(ctx, id); return err })
	return key, err
}

func (f *failing) SigningKeys(ctx context.Context) (k []store.SigningKey, err error) {
	err = f.ask(func() (err error) { k, err = f.Store.SigningKeys(ctx); return err })
	return k, err
}

func (f *failing) AddSigningKey(ctx context.Context, k store.SigningKey) error {
	return f.ask(func() error { return f.Store.AddSigningKey(ctx, k) })
}

func (f *failing) Now(ctx context.Context) (now session.Time, err error) {
	err = f.ask(func() (err error) { now, err = f.Store.Now(ctx); return err })
	return now, err
}

func (f *failing) Schema(ctx context.Context) (s store.SchemaStatus, err error) {
	err = f.ask(func() (err error) { s, err = f.Store.Schema(ctx); return err })
	return s, err
}

// Tail fails before it reads: an answer that was lost on its way is one that nobody asked for.
func (f *failing) Tail() store.Tail { return &failingTail{f: f, tail: f.Store.Tail()} }

type failingTail struct {
	f    *failing
	tail store.Tail
}

func (t *failingTail) Next(ctx context.Context) ([]session.Event, error) {
	if t.f.reads.Add(1)%3 != never {
		return nil, errOnPurpose
	}
	return t.tail.Next(ctx)
}
