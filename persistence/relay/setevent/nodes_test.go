package setevent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

const atOnce = `{"returnImmediately":true}`

// A proxy sends one receiver's polls to any node: what it acknowledges at one is not shown by the other.
func TestWhatIsAcknowledgedAtOneNodeIsNotShownByTheOther(t *testing.T) {
	s := openStore(t)
	a, b := serve(t, s, time.Second), serve(t, s, time.Second)
	a.logins(4)
	first := a.poll(atOnce)
	require.Len(t, first.Sets, 3)
	require.Empty(t, a.poll(ack(first, `,"returnImmediately":true`)).Sets)
	require.Empty(t, b.poll(atOnce).Sets)

	// Shown by one, acknowledged at the other, in turns.
	shown := map[string]bool{}
	for turn, x := range []*transmitter{a, b, a, b} {
		a.logins(2)
		p := x.poll(atOnce)
		require.Len(t, p.Sets, 2, "turn %d", turn)
		for id := range p.Sets {
			require.False(t, shown[id], "turn %d: shown again after it was acknowledged", turn)
			shown[id] = true
		}
		other := map[*transmitter]*transmitter{a: b, b: a}[x]
		require.Empty(t, other.poll(ack(p, `,"maxEvents":0`)).Sets)
	}
}

// A proxy takes turns, so that each node hears of every other answer's acknowledgement only. More waits than an
// answer holds.
func TestNodesThatTakeTurnsShowEverythingOnce(t *testing.T) {
	for _, c := range []struct{ endings, most int }{{3, 1}, {190, 100}, {450, 60}} {
		s := openStore(t)
		nodes := []*transmitter{serve(t, s, time.Second), serve(t, s, time.Second)}
		nodes[0].logins(c.endings + 1)
		limit := fmt.Sprintf(`,"maxEvents":%d,"returnImmediately":true`, c.most)
		shown, p := map[string]int{}, polled{}
		for turn := range (c.endings+c.most-1)/c.most + 1 {
			p = nodes[turn%2].poll(ack(p, limit))
			for id := range p.Sets {
				shown[id]++
			}
		}
		require.Len(t, shown, c.endings, "%d endings, %d in an answer", c.endings, c.most)
		for id, times := range shown {
			require.Equal(t, 1, times, "%s was acknowledged; %d endings, %d in an answer", id, c.endings, c.most)
		}
	}
}

// One commit of a busy server ends more sessions than an answer holds, and a mark is between commits. Each node
// hears of every other acknowledgement only.
func TestNodesThatTakeTurnsShowACommitLargerThanAnAnswerOnce(t *testing.T) {
	for _, most := range []int{1, 2, 3, 8} {
		s := openStore(t)
		nodes := []*transmitter{serve(t, s, time.Second), serve(t, s, time.Second)}
		subject := storetest.Subject{Store: s, T: t}
		var people []*storetest.Seat
		for i := range 7 {
			people = append(people, storetest.NewSeat(fmt.Sprint("e", i)))
		}
		for range 3 {
			var together []store.Write
			for _, seat := range people {
				together = append(together, seat.Login(subject.Time()))
			}
			subject.Must(together...)
			for _, seat := range people {
				seat.Done()
			}
		}
		limit := fmt.Sprintf(`,"maxEvents":%d,"returnImmediately":true`, most)
		shown, p := map[string]int{}, polled{}
		for turn := range (14+most-1)/most + 1 {
			p = nodes[turn%2].poll(ack(p, limit))
			for id := range p.Sets {
				shown[id]++
			}
		}
		require.Len(t, shown, 14, "%d in an answer", most)
		for id, times := range shown {
			require.Equal(t, 1, times, "%s was acknowledged; %d in an answer", id, most)
		}
		require.Empty(t, serve(t, s, time.Second).poll(atOnce).Sets, "nor by a node that has just started")
	}
}

// A verification is in no log: it is shown by the node that was asked for it, and acknowledged at the other.
func TestAVerificationIsShownOnceByNodesThatTakeTurns(t *testing.T) {
	s := openStore(t)
	nodes := []*transmitter{serve(t, s, time.Second), serve(t, s, time.Second)}
	status, _ := nodes[0].send("POST", "/ssf/verify", "poll-secret", `{"stream_id":"poller","state":"s1"}`)
	require.Equal(t, 204, status)
	p := nodes[0].poll(`{"maxEvents":1,"returnImmediately":true}`)
	require.Len(t, p.Sets, 1)
	for turn := range 4 {
		p = nodes[(turn+1)%2].poll(ack(p, `,"maxEvents":1,"returnImmediately":true`))
		require.Empty(t, p.Sets, "turn %d", turn)
	}
}

// A node that has shown something long ago does not take the mark back to there.
func TestANodeThatIsBehindDoesNotMoveTheMarkBack(t *testing.T) {
	s := openStore(t)
	a, b := serve(t, s, time.Second), serve(t, s, time.Second)
	a.logins(3)
	old := b.poll(atOnce)
	require.Len(t, old.Sets, 2)
	a.poll(ack(a.poll(atOnce), `,"maxEvents":0`))
	a.logins(2)
	a.poll(ack(a.poll(atOnce), `,"maxEvents":0`))
	at := a.mark()
	b.poll(ack(old, `,"maxEvents":0`))
	require.Equal(t, at, a.mark())
	require.Empty(t, b.poll(atOnce).Sets)
}

// A node that was not polled for longer than events are kept, while another served the receiver well: what
// nobody was told yet is still told.
func TestANodeThatWasNotPolledForLongLosesNothing(t *testing.T) {
	s, err := embedded.Open(t.Context(), t.TempDir(), store.Options{Retention: time.Millisecond, RetentionMax: time.Hour})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	a, b := serve(t, s, time.Second), serve(t, s, time.Second)
	begun := b.mark()
	a.logins(4)
	a.poll(ack(a.poll(atOnce), `,"maxEvents":0`))
	require.Eventually(t, func() bool {
		require.NoError(t, s.Maintain(t.Context()))
		_, err := s.ReadLog(t.Context(), begun, 10)
		return err != nil
	}, 20*time.Second, time.Millisecond, "where the other node is must be lost")
	a.logins(3)
	require.Len(t, b.poll(atOnce).Sets, 3)
	lost, err := s.Mark(t.Context(), "relay-lost/poller")
	require.NoError(t, err)
	require.Empty(t, lost)
}
