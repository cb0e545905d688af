package enforce

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// store answers strict checks from rows, and counts them.
type store struct {
	now     session.Time
	rows    map[session.Key]session.Employee
	asked   int
	err     error
	reading func() // runs while a read is under way, after the row was read
}

func (s *store) Load(_ context.Context, key session.Key) (session.Employee, error) {
	s.asked++
	row := s.rows[key]
	if s.reading != nil {
		s.reading()
	}
	return row, s.err
}

const (
	begin    session.Time = 1_000_000
	lifetime              = 15 * time.Minute
)

func sessionID(n int) (id session.ID) {
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// seat makes an employee with one active session whose last token is issued at the time given.
func (s *store) seat(n int, issued session.Time) (session.Key, session.ID) {
	key, id := session.Key(fmt.Sprint("e", n)), sessionID(n)
	s.rows[key] = session.Employee{
		ID: session.EmployeeID(key), Version: 1, Epoch: 1,
		Active: []session.Session{{ID: id, Epoch: 1, ExpiresAt: begin.Add(12 * time.Hour), TokensUntil: issued.Add(lifetime)}},
	}
	return key, id
}

func ending(id session.ID, at session.Time) session.Event {
	return session.Event{
		Type: session.Terminated, Reason: session.ReasonNewLogin, Epoch: 2, At: at,
		Session: session.Session{ID: id, TokensUntil: at.Add(lifetime)},
	}
}

func newView(o Options) (*View, *store) {
	s := &store{now: begin, rows: map[session.Key]session.Employee{}}
	o.Rows, o.Now = s, func() session.Time { return s.now }
	return NewView(o), s
}

func check(t *testing.T, v *View, key session.Key, id session.ID, issued session.Time) error {
	t.Helper()
	_, err := v.Check(t.Context(), key, id, 1, issued)
	return err
}

func TestATokenOfAnEndedSessionIsRefusedFromTheMomentItIsAdded(t *testing.T) {
	v, s := newView(Options{})
	v.Begin(begin)
	key, id := s.seat(1, begin)
	issued := begin.Add(10 * time.Second)
	require.NoError(t, check(t, v, key, id, issued))
	require.Zero(t, s.asked, "the view covers this token")
	v.Add([]session.Event{ending(id, begin.Add(20*time.Second)), {Type: session.Started, Session: session.Session{ID: sessionID(2)}}})
	err := check(t, v, key, id, issued)
	require.ErrorIs(t, err, session.ErrTerminated)
	var terminated *session.TerminatedError
	require.ErrorAs(t, err, &terminated)
	require.Equal(t, session.ReasonNewLogin, terminated.Notice.Reason)
	require.Equal(t, terminated.Notice, *v.Ended(id))
	require.Nil(t, v.Ended(sessionID(2)), "a start ends nothing")
}

func TestATokenFromBeforeTheViewAsksTheStoreOnce(t *testing.T) {
	v, s := newView(Options{})
	v.Begin(begin)
	key, id := s.seat(1, begin)
	old := begin.Add(coverMargin - time.Millisecond)
	for range 3 {
		require.NoError(t, check(t, v, key, id, old))
	}
	require.Equal(t, 1, s.asked)
	require.NoError(t, check(t, v, key, id, begin.Add(coverMargin)))
	require.Equal(t, 1, s.asked)

	v.Add([]session.Event{ending(id, begin.Add(time.Minute))})
	require.ErrorIs(t, check(t, v, key, id, old), session.ErrTerminated, "remembered until the tail ends it")
	require.Equal(t, 1, s.asked)
}

func TestAnOldTokenOfAnEndedSessionAsksTheStoreOnce(t *testing.T) {
	v, s := newView(Options{})
	v.Begin(begin)
	key, id := s.seat(1, begin)
	row := s.rows[key]
	row.Active, row.Epoch = nil, 2
	row.Endings = []session.Ending{{Session: id, Reason: session.ReasonLogout, Epoch: 2, At: begin, Until: begin.Add(lifetime)}}
	s.rows[key] = row
	for range 3 {
		require.ErrorIs(t, check(t, v, key, id, begin), session.ErrTerminated)
	}
	require.Equal(t, 1, s.asked)
}

func TestBeforeTheTailRunsEveryTokenIsAskedFor(t *testing.T) {
	v, s := newView(Options{})
	key, id := s.seat(1, begin)
	for n := range 3 {
		require.NoError(t, check(t, v, key, id, begin.Add(time.Hour)))
		require.Equal(t, n+1, s.asked)
	}
}

func TestWhatTheStoreSaysIsPassedOnAndNotRemembered(t *testing.T) {
	v, s := newView(Options{})
	v.Begin(begin)
	key, id := s.seat(1, begin)
	s.err = session.ErrUnavailable
	require.ErrorIs(t, check(t, v, key, id, begin), session.ErrUnavailable)
	s.err = nil
	require.NoError(t, check(t, v, key, id, begin))
	_, err := v.Check(t.Context(), key, sessionID(9), 7, begin)
	require.ErrorIs(t, err, session.ErrEpochAhead)
}

func TestAFullViewAsksTheStoreAboutWhatItHadToForget(t *testing.T) {
	const room = 100
	v, s := newView(Options{MaxEnded: room})
	v.Begin(begin)
	keys := map[int]session.Key{}
	for n := range 3 * room {
		at := begin.Add(time.Duration(n) * time.Second)
		key, id := s.seat(n, at)
		row := s.rows[key]
		row.Active, row.Epoch = nil, 2
		row.Endings = []session.Ending{{Session: id, Reason: session.ReasonAdmin, Epoch: 2, At: at, Until: at.Add(lifetime)}}
		s.rows[key], keys[n] = row, key
		before := v.Covers()
		v.Add([]session.Event{ending(id, at)})
		require.GreaterOrEqual(t, v.Covers(), before, "covers never goes back")
	}
	require.Nil(t, v.Ended(sessionID(0)))
	require.Greater(t, v.Covers(), begin.Add((2*room-1)*time.Second))
	for n := range 3 * room {
		issued := begin.Add(time.Duration(n) * time.Second)
		require.ErrorIs(t, check(t, v, keys[n], sessionID(n), issued), session.ErrTerminated, "session %d", n)
	}
	require.GreaterOrEqual(t, s.asked, 2*room)
}

func TestAnEndingIsForgottenOnceNoTokenOfItCanBeAlive(t *testing.T) {
	v, s := newView(Options{Leeway: time.Minute})
	v.Begin(begin)
	v.Add([]session.Event{ending(sessionID(1), begin)})
	s.now = begin.Add(lifetime + time.Minute)
	v.Add(nil)
	require.NotNil(t, v.Ended(sessionID(1)))
	s.now++
	v.Add(nil)
	require.Nil(t, v.Ended(sessionID(1)))
	require.Equal(t, begin, v.Covers(), "this is not forgetting silently: nobody can ask")
}

func TestRememberedSessionsAreBoundedAndDropped(t *testing.T) {
	v, s := newView(Options{MaxValid: 640})
	v.Begin(begin)
	for n := range 10_000 {
		key, id := s.seat(n, begin)
		require.NoError(t, check(t, v, key, id, begin))
	}
	require.LessOrEqual(t, v.remembered(), 640+shards)
	s.now = begin.Add(time.Hour)
	for range shards {
		v.Polled(time.Now())
	}
	require.Zero(t, v.remembered())
}

func (v *View) remembered() (n int) {
	for i := range v.shards {
		n += len(v.shards[i].valid)
	}
	return n
}

// The ending comes, and is forgotten because the view is full, all while the read of an older row is
// under way: the row's “valid” must not be remembered.
func TestAReadThatAnEndingOvertookIsNotRemembered(t *testing.T) {
	v, s := newView(Options{MaxEnded: 1})
	v.Begin(begin)
	key, id := s.seat(1, begin)
	s.reading = func() {
		s.reading = nil
		row := s.rows[key]
		row.Active, row.Epoch = nil, 2
		s.rows[key] = row
		v.Add([]session.Event{ending(id, begin.Add(time.Second)), ending(sessionID(2), begin.Add(2*time.Second))})
	}
	require.NoError(t, check(t, v, key, id, begin), "as of the read it was valid")
	require.Nil(t, v.Ended(id), "the view was full")
	require.ErrorIs(t, check(t, v, key, id, begin), session.ErrTerminated)
}

func TestCheckOfACoveredTokenDoesNotAllocate(t *testing.T) {
	v, s := newView(Options{})
	v.Begin(begin)
	key, id := s.seat(1, begin)
	ctx := context.Background()
	require.NoError(t, check(t, v, key, id, begin)) // remembered
	for _, issued := range []session.Time{begin, begin.Add(time.Minute)} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if _, err := v.Check(ctx, key, id, 1, issued); err != nil {
				t.Fatal(err)
			}
		}))
	}
}

func TestStalenessIsTheTimeSinceTheStartOfTheLastGoodPoll(t *testing.T) {
	v, _ := newView(Options{})
	start := time.Now()
	require.InDelta(t, 0, v.Staleness(v.start), 0)
	v.Polled(start)
	require.Equal(t, 3*time.Second, v.Staleness(start.Add(3*time.Second)))
	v.Polled(start.Add(-time.Second))
	require.Equal(t, 3*time.Second, v.Staleness(start.Add(3*time.Second)), "an older poll that ends later changes nothing")
}

var errAway = errors.New("store away")

// stuck is a store that answers nobody.
type stuck struct{}

func (stuck) Load(ctx context.Context, _ session.Key) (session.Employee, error) {
	<-ctx.Done()
	return session.Employee{}, ctx.Err()
}

func TestAQuestionToAStoreThatDoesNotAnswerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewView(Options{Rows: stuck{}})
		asked := time.Now()
		_, err := v.Check(context.Background(), "e1", sessionID(1), 1, begin)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, askTimeout, time.Since(asked))
	})
}
