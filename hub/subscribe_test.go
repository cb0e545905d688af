package hub_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/hubtest"
	"github.com/hotseat-hub/hotseat/session"
)

var transports = []hub.Transport{hub.SSE, hub.Poll}

// seatOf is what a token says.
func seatOf(s *hubtest.Server, token string) (seat hub.Seat) {
	s.Floor.Alter(token, func(of *hub.Seat) { seat = *of })
	return seat
}

// subscribed is a subscriber that has read its first message, which must be this one.
func subscribed(t *testing.T, s *hubtest.Server, token string, via hub.Transport, first string) *hub.Subscriber {
	t.Helper()
	sub, err := s.Hub.Subscribe(t.Context(), seatOf(s, token), via)
	require.NoError(t, err)
	t.Cleanup(sub.Leave)
	messages, last := sub.Take()
	require.Len(t, messages, 1)
	require.Equal(t, first, messages[0].Type, "%s", messages[0].JSON)
	require.Equal(t, first == "session_terminated", last)
	sub.Wrote(1)
	return sub
}

// next waits for messages that were not there before.
func next(t *testing.T, sub *hub.Subscriber) ([]hub.Message, bool) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		if messages, last := sub.Take(); len(messages) > 0 || last {
			return messages, last
		}
		select {
		case <-sub.Changed():
		case <-late:
			t.Fatal("nothing was said")
		}
	}
}

func stageOf(t *testing.T, r session.Reply, until session.Stage) session.Stage {
	t.Helper()
	require.Len(t, r.Deliveries, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stage, _ := r.Deliveries[0].Wait(ctx, until)
	require.NoError(t, ctx.Err(), "stage %s after waiting for %s", stage, until)
	return stage
}

func TestASubscriberIsToldCountedAndItsAckHeard(t *testing.T) {
	for _, via := range transports {
		t.Run(string(via), func(t *testing.T) {
			registry := prometheus.NewRegistry()
			s := hubtest.Start(t, hubtest.Plain, hub.Options{Registerer: registry})
			open := func() float64 {
				return metric(t, registry, "hotseat_sockets", "transport", string(via)).GetGauge().GetValue()
			}
			token, older := s.Floor.Login("ada", "till-1")
			sub := subscribed(t, s, token, via, "session_established")
			require.EqualValues(t, 1, open())
			require.Equal(t, 0, s.Hub.Ack(older.Session.ID, 1), "nothing was told yet")

			_, newer := s.Floor.Login("ada", "till-2")
			messages, last := next(t, sub)
			require.True(t, last)
			require.Len(t, messages, 1)
			require.Equal(t, 1, messages[0].Seq)
			require.Contains(t, string(messages[0].JSON), `"reason":"new_login"`)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			stage, _ := newer.Deliveries[0].Wait(ctx, session.Sent)
			require.Equal(t, session.Offline, stage, "what nobody wrote was not sent")
			sub.Wrote(1)
			require.Equal(t, session.Sent, stageOf(t, newer, session.Sent))
			sub.Leave()
			require.EqualValues(t, 0, open())

			require.Equal(t, 0, s.Hub.Ack(older.Session.ID, 0), "an ack of something else")
			require.Equal(t, 1, s.Hub.Ack(older.Session.ID, 1))
			require.Equal(t, session.Acked, stageOf(t, newer, session.Acked))
			require.Equal(t, 0, s.Hub.Ack(older.Session.ID, 1), "it has gone")
			require.Empty(t, s.Hub.SocketsOf(older.Session.ID))
			for _, stage := range []string{"write", "ack"} {
				require.EqualValues(t, 1, samples(t, registry, stage), stage)
			}
		})
	}
}

func samples(t *testing.T, r *prometheus.Registry, stage string) uint64 {
	return metric(t, r, "hotseat_notice_seconds", "stage", stage).GetHistogram().GetSampleCount()
}

func TestANoticeMissedOnOneRungIsGivenOnTheNext(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, older := s.Floor.Login("ada", "till-1")
	sub := subscribed(t, s, token, hub.SSE, "session_established")
	_, newer := s.Floor.Login("ada", "till-2")
	next(t, sub)
	sub.Leave() // as when the stream breaks with the notice in it
	require.Equal(t, session.Offline, stageOf(t, newer, session.Sent))
	require.Empty(t, s.Hub.SocketsOf(older.Session.ID), "nobody is left to ack")
	for range 2 {
		for _, via := range transports {
			subscribed(t, s, token, via, "session_terminated")
		}
	}
	s.Floor.Lose = true // only the owner knows
	token, _ = s.Floor.Login("ada", "till-3")
	s.Floor.Login("ada", "till-4")
	subscribed(t, s, token, hub.Poll, "session_terminated")
}

func TestTheTailTellsASubscriberWhoseNoticeWasLost(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, older := s.Floor.Login("ada", "till-1")
	sub := subscribed(t, s, token, hub.SSE, "session_established")
	n := session.Notice{Session: older.Session.ID, Reason: session.ReasonLocked, Epoch: 2}
	require.Equal(t, 1, s.Hub.TellSession(n))
	require.Equal(t, 0, s.Hub.TellSession(n), "told once")
	messages, last := next(t, sub)
	require.True(t, last)
	require.Len(t, messages, 1)
	require.Contains(t, string(messages[0].JSON), `"reason":"locked"`)
	require.Contains(t, string(messages[0].JSON), `"terminal_id":"till-1"`)
}

// The session ends while its owner answers that it lives.
func TestASessionThatEndsWhileItsSubscriberAttachesIsToldOnce(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, _ := s.Floor.Login("ada", "till-1")
	s.Floor.BeforeReply = func() {
		s.Floor.BeforeReply = nil
		s.Floor.Login("ada", "till-2")
	}
	subscribed(t, s, token, hub.SSE, "session_terminated")
}

func TestADrainIsAnnouncedToSubscribersAndEndsThem(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	for i, via := range transports {
		token, _ := s.Floor.Login(session.EmployeeID(fmt.Sprint("e", i)), "till-1")
		sub := subscribed(t, s, token, via, "session_established")
		defer func() {
			messages, last := next(t, sub)
			require.True(t, last)
			require.Len(t, messages, 1)
			require.Equal(t, "server_draining", messages[0].Type)
			require.Equal(t, -1, messages[0].Seq)
		}()
	}
	require.NoError(t, s.Hub.Drain(t.Context(), time.Millisecond))
	_, err := s.Hub.Subscribe(t.Context(), hub.Seat{}, hub.SSE)
	require.ErrorIs(t, err, hub.ErrDraining)
}

func TestStoppingTheHubEndsItsSubscribers(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, _ := s.Floor.Login("ada", "till-1")
	sub := subscribed(t, s, token, hub.SSE, "session_established")
	s.Stop()
	_, last := next(t, sub)
	require.True(t, last)
	_, err := s.Hub.Subscribe(t.Context(), seatOf(s, token), hub.SSE)
	require.ErrorIs(t, err, hub.ErrDraining)
}

func TestTheOldestOfTooManySubscribersOfASessionIsClosed(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, r := s.Floor.Login("ada", "till-1")
	oldest := subscribed(t, s, token, hub.SSE, "session_established")
	for range session.MaxSockets {
		subscribed(t, s, token, hub.Poll, "session_established")
	}
	messages, last := next(t, oldest)
	require.Empty(t, messages)
	require.True(t, last)
	oldest.Leave()
	require.Len(t, s.Hub.SocketsOf(r.Session.ID), session.MaxSockets)
}

func TestAReaderThatDoesNotReadIsClosed(t *testing.T) {
	refused := prometheus.NewCounter(prometheus.CounterOpts{Name: "refused"})
	s := hubtest.Start(t, hubtest.Plain, hub.Options{Refused: refused})
	token, _ := s.Floor.Login("ada", "till-1")
	sub := subscribed(t, s, token, hub.SSE, "session_established")
	for range 16 {
		require.Equal(t, 1, s.Hub.TestTermination("till-1", false))
	}
	messages, last := sub.Take()
	require.Len(t, messages, 16)
	require.False(t, last)
	require.Equal(t, "session_terminated", messages[0].Type)
	require.Equal(t, -1, messages[0].Seq, "a test has no number")
	s.Hub.TestTermination("till-1", false)
	_, last = sub.Take()
	require.True(t, last)
	require.Equal(t, 1.0, counter(t, refused))
}

func counter(t *testing.T, c prometheus.Counter) float64 {
	var m dto.Metric
	require.NoError(t, c.Write(&m))
	return m.GetCounter().GetValue()
}

func TestWhatTheOwnerRefusesIsRefusedWithItsCloseCode(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, _ := s.Floor.Login("ada", "till-1")
	for err, code := range map[error]hub.CloseCode{
		session.ErrUnavailable: hub.CloseTryLater,
		session.ErrTicketSpent: hub.CloseTicketSpent,
		session.ErrEpochAhead:  hub.CloseBadToken,
	} {
		s.Floor.AttachError = err
		_, got := s.Hub.Subscribe(t.Context(), seatOf(s, token), hub.SSE)
		var refused *hub.Refused
		require.ErrorAs(t, got, &refused)
		require.Equal(t, code, refused.Close)
		require.NotEmpty(t, refused.Code)
		require.Contains(t, got.Error(), refused.Message)
	}
	require.Empty(t, s.Hub.SocketsOf(seatOf(s, token).Session))
}

func TestAReaderWhoGoesBeforeItsOwnerAnswersLeavesNothing(t *testing.T) {
	s := hubtest.Start(t, hubtest.Plain, hub.Options{})
	token, r := s.Floor.Login("ada", "till-1")
	ctx, cancel := context.WithCancel(t.Context())
	s.Floor.BeforeReply = cancel
	s.Floor.Silent = true
	_, err := s.Hub.Subscribe(ctx, seatOf(s, token), hub.SSE)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, s.Hub.SocketsOf(r.Session.ID))
}

func TestATerminalThatNeverAcksIsForgottenAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := hubtest.NewFloor()
		h, err := hub.New(hub.Options{Node: hubtest.Node, Gate: f, Owners: silent{}, Ended: f})
		require.NoError(t, err)
		ended := session.ID{15: 9}
		f.View.Add([]session.Event{{Type: session.Terminated, At: session.TimeOf(time.Now()), Session: session.Session{
			ID: ended, TokensUntil: session.TimeOf(time.Now().Add(time.Hour)),
		}}})
		sub, err := h.Subscribe(t.Context(), hub.Seat{Key: "ada", Session: ended}, hub.SSE)
		require.NoError(t, err)
		sub.Wrote(1)
		sub.Leave()
		time.Sleep(2*time.Second - time.Nanosecond)
		synctest.Wait()
		require.Len(t, h.SocketsOf(ended), 1)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Empty(t, h.SocketsOf(ended))

		// An owner that does not answer at all.
		start := time.Now()
		_, err = h.Subscribe(t.Context(), hub.Seat{Key: "ada", Session: session.ID{15: 8}}, hub.SSE)
		var refused *hub.Refused
		require.ErrorAs(t, err, &refused)
		require.Equal(t, hub.CloseTryLater, refused.Close)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

// silent owners never answer.
type silent struct{}

func (silent) Attach(context.Context, session.Key, session.Attach, func(session.Reply, error)) {}
func (silent) Detach(session.Key, session.Socket)                                              {}
