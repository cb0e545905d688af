package enforce

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

var quiet = slog.New(slog.DiscardHandler)

func nothing(context.Context, session.Time, string, int) ([]session.Event, string, error) {
	return nil, "", nil
}

// newFeed is a feed of a node over the store's clock, loaded and polled once.
func newFeed(t *testing.T, s *store, boot byte, limit int) *Feed {
	t.Helper()
	f := NewFeed(FeedOptions{Boot: [8]byte{boot}, Now: func() session.Time { return s.now }, Lifetime: lifetime, Max: limit})
	require.NoError(t, f.Load(t.Context(), nothing, quiet))
	f.polled(nil, s.now)
	return f
}

// end lets a feed learn of an ending now.
func (s *store) end(f *Feed, n int) { f.polled([]session.Event{ending(sessionID(n), s.now)}, s.now) }

// read follows the cursor to the end and answers which sessions came.
func read(t *testing.T, f *Feed, cursor string, limit int) (ids []int, page session.Revocations) {
	t.Helper()
	for {
		var err error
		page, err = f.After(cursor, limit)
		require.NoError(t, err)
		for _, r := range page.Items {
			ids = append(ids, int(r.Session[15]))
		}
		if !page.More {
			return ids, page
		}
		cursor = page.Cursor
	}
}

func TestAReaderOfPagesMissesNothingAndKnowsWhenItIsComplete(t *testing.T) {
	s := &store{now: begin}
	f := newFeed(t, s, 1, 0)
	for n := 1; n <= 5; n++ {
		s.end(f, n)
	}
	page, err := f.After("", 2)
	require.NoError(t, err)
	require.True(t, page.More)
	require.Equal(t, s.now.Add(-lifetime-time.Minute), page.AsOf, "only tokens from before that are known to be dead")
	ids, last := read(t, f, "", 2)
	require.Equal(t, []int{1, 2, 3, 4, 5}, ids)
	require.Equal(t, s.now, last.AsOf)
	s.now++
	s.end(f, 6)
	ids, next := read(t, f, last.Cursor, 2)
	require.Equal(t, []int{6}, ids)
	require.Equal(t, s.now, next.AsOf)
	ids, _ = read(t, f, next.Cursor, 2)
	require.Empty(t, ids)
}

// The node that gave the cursor had read the log later than the one that takes it; or earlier.
func TestACursorOfAnotherNodeLeavesNothingOut(t *testing.T) {
	s := &store{now: begin}
	a, b := newFeed(t, s, 1, 0), newFeed(t, s, 2, 0)
	s.end(a, 1)
	_, page := read(t, a, "", 10)
	s.now = s.now.Add(time.Minute)
	s.end(b, 1) // b was a minute late
	s.end(b, 2)
	ids, back := read(t, b, page.Cursor, 1)
	require.Equal(t, []int{1, 2}, ids, "what the reader has may come again, what it has not must come")
	s.now = s.now.Add(time.Minute)
	s.end(a, 2)
	s.end(a, 3)
	ids, _ = read(t, a, back.Cursor, 10)
	require.Equal(t, []int{2, 3}, ids)
	restarted := NewFeed(a.o)
	restarted.o.Boot = [8]byte{9}
	past := []session.Event{ending(sessionID(2), s.now.Add(-time.Hour)), ending(sessionID(3), s.now), ending(sessionID(4), s.now)}
	restarted.polled(past[2:], s.now) // polls begin before the past is loaded
	_, err := restarted.After(back.Cursor, 10)
	require.ErrorIs(t, err, session.ErrIncomplete)
	require.NoError(t, restarted.Load(t.Context(), pages(past), quiet))
	ids, _ = read(t, restarted, back.Cursor, 10)
	require.Equal(t, []int{3, 4}, ids, "each once, and not what no token can ask for")
}

// pages are a past that is read one event at a time.
func pages(events []session.Event) Past {
	return func(_ context.Context, _ session.Time, at string, _ int) ([]session.Event, string, error) {
		if len(at) == len(events) {
			return nil, at, nil
		}
		return events[len(at) : len(at)+1], at + "x", nil
	}
}

func TestACursorExpiresWithTheTokensOfItsTime(t *testing.T) {
	s := &store{now: begin}
	f := newFeed(t, s, 1, 0)
	s.end(f, 1)
	_, page := read(t, f, "", 10)
	s.now = s.now.Add(lifetime + time.Minute)
	ids, _ := read(t, f, page.Cursor, 10)
	require.Empty(t, ids)
	s.now++
	_, err := f.After(page.Cursor, 10)
	require.ErrorIs(t, err, session.ErrCursorExpired)
	ids, _ = read(t, f, "", 10)
	require.Empty(t, ids, "the token of 1 has expired")
	require.Empty(t, f.items)
	for _, bad := range []string{"x", "%", page.Cursor + "A", mark{asOf: s.now.Add(time.Hour)}.String(), mark{boot: [8]byte{1}, asOf: s.now, next: 99}.String()} {
		_, err := f.After(bad, 10)
		require.ErrorIs(t, err, session.ErrBadCursor, bad)
	}
}

// A list that has no room says so until what it forgot no longer matters: it never answers a part as
// the whole.
func TestAFullListIsRefusedNotCut(t *testing.T) {
	s := &store{now: begin}
	f := newFeed(t, s, 1, 3)
	_, early := read(t, f, "", 10)
	s.end(f, 1)
	_, late := read(t, f, "", 10)
	for n := 2; n <= 4; n++ {
		s.end(f, n)
	}
	_, err := f.After("", 10)
	require.ErrorIs(t, err, session.ErrIncomplete)
	_, err = f.After(early.Cursor, 10)
	require.ErrorIs(t, err, session.ErrCursorExpired)
	ids, now := read(t, f, late.Cursor, 10)
	require.Equal(t, []int{2, 3, 4}, ids, "who has the first already may go on")
	_, err = newFeed(t, s, 2, 3).After(mark{boot: [8]byte{1}, asOf: s.now}.String(), 10)
	require.NoError(t, err)
	foreign := mark{boot: [8]byte{7}, asOf: begin.Add(-time.Second)}.String()
	_, err = f.After(foreign, 10)
	require.ErrorIs(t, err, session.ErrCursorExpired)
	s.now = s.now.Add(lifetime + 2*time.Minute)
	ids, _ = read(t, f, "", 10)
	require.Empty(t, ids)
	_, err = f.After(now.Cursor, 10)
	require.ErrorIs(t, err, session.ErrCursorExpired)
}

func TestThePastIsAskedForUntilTheStoreIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, away := &store{now: begin}, 3
		f := NewFeed(FeedOptions{Now: func() session.Time { return s.now }, Lifetime: lifetime})
		f.polled(nil, s.now)
		past := pages([]session.Event{ending(sessionID(1), begin)})
		require.NoError(t, f.Load(t.Context(), func(ctx context.Context, since session.Time, at string, limit int) ([]session.Event, string, error) {
			require.Equal(t, begin.Add(-lifetime-time.Minute), since)
			if away--; away >= 0 {
				return nil, "", errAway
			}
			return past(ctx, since, at, limit)
		}, quiet))
		ids, _ := read(t, f, "", 10)
		require.Equal(t, []int{1}, ids)

		stopped, cancel := context.WithCancel(t.Context())
		f = NewFeed(FeedOptions{Now: func() session.Time { return s.now }, Lifetime: lifetime})
		require.NoError(t, f.Load(stopped, func(context.Context, session.Time, string, int) ([]session.Event, string, error) {
			cancel()
			return nil, "", errors.New("away")
		}, quiet))
		_, err := f.After("", 10)
		require.ErrorIs(t, err, session.ErrIncomplete)
	})
}
