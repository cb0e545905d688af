package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/hub/cluster"
	"github.com/hotseat-hub/hotseat/session"
)

func TestTheOwnerTellsASocketOfAnotherNodeAndWhoAskedHearsThatItWasAcked(t *testing.T) {
	s := newSite(t)
	a, b, c := s.start("a"), s.start("b"), s.start("c")
	s.await(3, a, b, c)
	ada := s.ownedBy(b)
	older := a.mustLogin(ada, "till-1")
	require.NoError(t, c.attach(ada, older, 7))

	newer := a.mustLogin(ada, "till-2")
	require.Len(t, newer.Deliveries, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stage, _ := newer.Deliveries[0].Wait(ctx, session.Acked)
	require.Equal(t, session.Acked, stage)
	notice, told := c.heard(7)
	require.True(t, told)
	require.Equal(t, newer.Session.Epoch, notice.Epoch)
	require.EqualValues(t, "till-2", notice.By.Terminal)
}

func TestASocketIsAnnouncedToTheNewOwnerWithoutReadingARow(t *testing.T) {
	s := newSite(t)
	a, b := s.start("a"), s.start("b")
	s.await(2, a, b)
	ada := s.ownedBy(b)
	older := a.mustLogin(ada, "till-1")
	require.NoError(t, a.attach(ada, older, 7))
	b.stop()
	s.await(1, a)
	require.Eventually(t, func() bool { return a.client.System().Resident() == 1 }, patience, 5*time.Millisecond, "announced to itself, the owner now")
	newer := a.mustLogin(ada, "till-2")
	require.Len(t, newer.Deliveries, 1)
	notice, told := a.heard(7)
	require.True(t, told, "by the owner, before the reply")
	require.Equal(t, newer.Session.Epoch, notice.Epoch)
}

// behindARelay starts two nodes, of which the first reaches the second through the relay alone, and names one
// whom the second owns.
func behindARelay(t *testing.T) (way *relay, a, b *node, owned string) {
	s := newSite(t)
	way = newRelay(t)
	a, b = s.start("a"), s.start("b", way.before)
	s.await(2, a, b)
	return way, a, b, s.ownedBy(b)
}

// A refresh that the owner did not answer was carried out where it was asked, and so was the next. When the
// first one arrives it looks like a token that was stolen.
func TestARefreshThatComesLateEndsNoSession(t *testing.T) {
	way, a, _, ada := behindARelay(t)
	reply := a.mustLogin(ada, "till-1")
	resume := way.hold()
	require.NoError(t, a.refresh(ada, reply.Session, 1))
	require.NoError(t, a.refresh(ada, reply.Session, 2))
	resume()
	require.Eventually(t, func() bool { // on the same connection, behind the late one
		return len(a.client.System().AskStatus(t.Context(), patience)) == 1
	}, patience, time.Millisecond)
	require.NoError(t, a.refresh(ada, reply.Session, 3))

	require.NoError(t, a.refresh(ada, reply.Session, 1), "it ends the session, and that is done")
	require.ErrorIs(t, a.refresh(ada, reply.Session, 4), session.ErrTerminated, "whoever asks a node with a used token loses its session, also at a node that does not own it")
}

func TestASilentOwnerIsPassedOverAndHearsOfItsSocketsLater(t *testing.T) {
	way, a, b, ada := behindARelay(t)
	older := a.mustLogin(ada, "till-1")
	resume := way.hold()
	require.NoError(t, a.attach(ada, older, 7), "half a second, and then it runs here")
	fastest, middle := time.Hour, session.Reply{}
	for range 3 { // one may wait for a processor
		began := time.Now()
		middle = a.mustLogin(ada, "till-2")
		fastest = min(fastest, time.Since(began))
	}
	require.Less(t, fastest, 500*time.Millisecond, "nobody waits half a second for it a second time")
	_, told := a.heard(7)
	require.True(t, told)
	require.NoError(t, a.attach(ada, middle, 8))
	resume()
	require.Eventually(t, func() bool { // its memory was of the time before, and it knows neither login nor socket
		newer := b.mustLogin(ada, "till-3")
		older, told := a.heard(8)
		return told && older.Session == middle.Session.ID && newer.Epoch > middle.Epoch
	}, patience, 20*time.Millisecond)
}

func TestAnOwnerHearsThatASocketIsGoneEvenIfItWasSilentThen(t *testing.T) {
	way, a, b, ada := behindARelay(t)
	reply := a.mustLogin(ada, "till-1")
	require.NoError(t, a.attach(ada, reply, 7))
	resume := way.hold()
	a.announcer.Detach(session.Key(ada), session.Socket{Conn: 7})
	_, err := a.login(ada, "till-1") // waits until the owner is known to be silent
	require.NoError(t, err)
	a.announcer.Detach(session.Key(ada), session.Socket{Conn: 7})
	resume()
	require.Eventually(t, func() bool { return b.deny(ada, "till-2") == nil }, patience, 20*time.Millisecond, "no socket holds the seat")
}

// deny logs in unless a socket holds the seat.
func (n *node) deny(employee, terminal string) error {
	ctx, cancel := context.WithTimeout(n.site.t.Context(), patience)
	defer cancel()
	login := command(employee, terminal)
	login.IfActive, login.Grace = session.Deny, time.Millisecond
	_, err := n.client.Do(ctx, session.Key(employee), login)
	return err
}

func TestTheSocketsOfANodeThatIsGoneHoldNoSeat(t *testing.T) {
	s := newSite(t)
	a, b, c := s.start("a"), s.start("b"), s.start("c")
	s.await(3, a, b, c)
	ada := s.ownedBy(b)
	reply := a.mustLogin(ada, "till-1")
	require.NoError(t, c.attach(ada, reply, 7))
	require.ErrorIs(t, a.deny(ada, "till-2"), session.ErrSessionActive)
	c.stop()
	s.await(2, a, b)
	require.Eventually(t, func() bool { return a.deny(ada, "till-2") == nil }, patience, 20*time.Millisecond)
}

func TestNoticesForOneNodeTravelTogether(t *testing.T) {
	s := newSite(t)
	a, b, c := s.start("a"), s.start("b"), s.start("c")
	s.await(3, a, b, c)
	ada := s.ownedBy(b)
	older := a.mustLogin(ada, "till-1")
	for conn := range uint64(3) {
		require.NoError(t, c.attach(ada, older, conn))
	}
	a.mustLogin(ada, "till-2")
	require.Eventually(t, func() bool { _, told := c.heard(2); return told }, patience, time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Equal(t, []int{3}, c.calls)
}

// A member that only counts what comes to it hears of 450 sockets by three messages.
func TestAnnouncementsTravelTogether(t *testing.T) {
	s := newSite(t)
	a := s.start("a", func(o *cluster.Options) { o.Rules = cluster.Rules{TTL: patience, Beat: 100 * time.Millisecond} }) // nobody is marked
	s.await(1, a)
	const sockets, messages = 2*wire.MaxBatch + 50, 3
	var employees []string
	owners := cluster.NewPlacement([]cluster.Member{{Boot: "a@1", Name: "a"}, {Boot: "z@1", Name: "z"}})
	for n := 0; len(employees) < sockets; n++ {
		employee := fmt.Sprint("e-", n)
		if m, _ := owners.Owner(session.Key(employee)); m.Name == "z" { // as soon as there is a z
			employees = append(employees, employee)
		}
	}
	for conn, employee := range employees {
		require.NoError(t, a.attach(employee, a.mustLogin(employee, "till-1"), uint64(conn)))
	}
	stranger := newStranger(t)
	joined := cluster.Member{Boot: "z@1", Name: "z", Address: stranger.system.Address(), Envelope: 1}
	require.NoError(t, s.leases.Join(t.Context(), joined, false))
	for range messages {
		select {
		case e := <-stranger.heard:
			require.Equal(t, wire.KindAnnounce, e.Kind)
			list, err := wire.Announce(e.Body)
			require.NoError(t, err)
			employees = employees[len(list):]
			answer := wire.Envelope{Version: 1, Kind: wire.KindAnswer, Ask: e.Ask, To: e.From, From: "z@1", Reply: stranger.system.Address(), Last: true}
			stranger.system.Root.Send(actor.NewPID(e.Reply, "hub/gateway"), answer.Seal())
		case <-time.After(patience):
			require.Fail(t, "no announcement", "%d sockets are left", len(employees))
		}
	}
	require.Zero(t, len(employees), "sockets that no message told of")
}

// Its memory is of the time when it ran a command for a silent owner; the row has changed since.
func TestAnOwnerThatGotAnEmployeeBackReadsTheRowBeforeItAnswers(t *testing.T) {
	t.Parallel()
	way, a, b, ada := behindARelay(t)
	resume := way.hold()
	older := a.mustLogin(ada, "till-1")
	resume()
	b.mustLogin(ada, "till-2")
	b.stop()
	a.site.await(1, a)
	require.Eventually(t, func() bool { return a.Current().FreshFor() > 0 }, patience, 5*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := a.client.Do(ctx, session.Key(ada), session.Check{Session: older.Session.ID})
	require.ErrorIs(t, err, session.ErrTerminated)
}

func TestANodeWhoseLeaseDoesNotHoldOwnsNobodyAndKeepsItsPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, b := s.start("a"), s.start("b")
	s.await(2, a, b)
	boots := []session.Node{a.Current().Boot, b.Current().Boot}
	ada := s.ownedBy(a)
	a.mustLogin(ada, "till-1")
	s.leases.set(true)
	require.Eventually(t, func() bool { return !a.Current().MayOwn() && !b.Current().MayOwn() }, patience, 5*time.Millisecond)
	require.NotEmpty(t, a.NotReady())
	for _, n := range []*node{a, b} {
		_, err := n.login(ada, "till-2")
		require.ErrorIs(t, err, session.ErrUnavailable)
	}
	s.leases.set(false)
	s.await(2, a, b)
	b.mustLogin(ada, "till-2")
	require.Equal(t, boots, []session.Node{a.Current().Boot, b.Current().Boot}, "the same runs as before")
	require.Empty(t, a.NotReady())
}

func (t *table) set(away bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.away = away
}

func TestARunThatWasMarkedDeadComesBackUnderANewBootWithNewActors(t *testing.T) {
	s := newSite(t)
	a, b := s.start("a"), s.start("b")
	s.await(2, a, b)
	old, system := b.Current(), b.client.System()
	ada := s.ownedBy(b)
	a.mustLogin(ada, "till-1")
	s.leases.mu.Lock()
	delete(s.leases.rows, old.Boot)
	s.leases.mu.Unlock()
	require.Eventually(t, func() bool { return b.Current() != old }, patience, 5*time.Millisecond)
	s.await(2, a, b)
	require.NotEqual(t, old.Boot, b.Current().Boot)
	require.NotSame(t, system, b.client.System())
	require.False(t, old.MayOwn())
	b.mu.Lock()
	lost := b.lost
	b.mu.Unlock()
	require.Equal(t, 1, lost)
	a.mustLogin(ada, "till-2")
	b.mustLogin(ada, "till-3")
}

func TestWhatANodeDoesNotUnderstandItRefuses(t *testing.T) {
	s := newSite(t)
	a := s.start("a")
	s.await(1, a)
	address, self := a.Current().Members()[0].Address, a.Current().Boot
	stranger := newStranger(t)
	login, err := wire.AppendCommand(nil, "ada", session.Check{})
	require.NoError(t, err)
	for name, one := range map[string]struct {
		actor string
		e     wire.Envelope
	}{
		"a kind of a later version":         {"hub/gateway", wire.Envelope{Version: 1, Kind: 999, To: self}},
		"a later version":                   {"hub/gateway", wire.Envelope{Version: wire.Version() + 1, Kind: wire.KindStatus, To: self}},
		"for an earlier run of this node":   {"hub/gateway", wire.Envelope{Version: 1, Kind: wire.KindStatus, To: "a@old"}},
		"a command that nobody knows":       {"hub/0", wire.Envelope{Version: 1, Kind: wire.KindCommand, To: self, Body: []byte{10, 3, 'a', 'd', 'a'}}},
		"a body that is broken":             {"hub/gateway", wire.Envelope{Version: 1, Kind: wire.KindNotices, To: self, Body: []byte{10, 200}}},
		"a command for another shard's key": {"hub/" + otherShard("ada"), wire.Envelope{Version: 1, Kind: wire.KindCommand, To: self, Body: login}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, wire.KindRefused, stranger.ask(t, address, one.actor, one.e).Kind)
		})
	}
	stranger.system.Root.Send(actor.NewPID(address, "hub/gateway"), &actor.PoisonPill{})
	<-stranger.cut
	require.Equal(t, wire.KindAnswer, newStranger(t).ask(t, address, "hub/gateway", wire.Envelope{Version: 1, Kind: wire.KindStatus, To: self}).Kind)
}

// The library panics on what it has not implemented; so did the whole process.
func TestThePanicsOfTheLibraryStayInTheirCall(t *testing.T) {
	s := newSite(t)
	a := s.start("a")
	s.await(1, a)
	conn, err := grpc.NewClient(a.Current().Members()[0].Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	_, err = remote.NewRemotingClient(conn).ListProcesses(t.Context(), &remote.ListProcessesRequest{})
	require.Equal(t, codes.Unimplemented, status.Code(err))

	stream, err := remote.NewRemotingClient(conn).Receive(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: &remote.MessageBatch{
		TypeNames: []string{"hotseat.OfALaterVersion"}, Targets: []*actor.PID{{Id: "hub/gateway"}},
		Envelopes: []*remote.MessageEnvelope{{MessageData: []byte{1}}},
	}}}))
	_, err = stream.Recv()
	require.Equal(t, codes.Unimplemented, status.Code(err))
	a.mustLogin("ada", "till-1")
}
