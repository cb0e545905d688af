package actors

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/session"
)

// elsewhere is a Router for which one other node owns everybody.
type elsewhere struct{ owner Peer }

func (e elsewhere) Owner(session.Key) (Peer, bool) { return e.owner, false }
func (e elsewhere) MayOwn() bool                   { return true }
func (e elsewhere) FreshFor() time.Duration        { return 0 }
func (e elsewhere) Peer(session.Node) (Peer, bool) { return e.owner, true }
func (e elsewhere) Peers() []Peer                  { return []Peer{e.owner} }
func (e elsewhere) Generation() uint64             { return 1 }

var other = Peer{Node: "b@1", Address: "127.0.0.1:1", Envelope: 1}

func TestQuestionsToANodeThatDoesNotKeepUpAreBounded(t *testing.T) {
	refused, registry := prometheus.NewCounter(prometheus.CounterOpts{Name: "refused"}), prometheus.NewRegistry()
	registry.MustRegister(refused)
	s := New(Options{Node: "a@1", Router: elsewhere{other}, PeerRefused: refused})
	defer func() { require.NoError(t, s.stop()) }()
	defer s.peers.close()
	var heard []error
	ask := func(to Peer) {
		s.peers.ask(to, gatewayName, wire.Envelope{Kind: wire.KindStatus}, time.Hour, func(_ wire.Envelope, err error) { heard = append(heard, err) })
	}
	for range maxAsks {
		ask(other)
	}
	require.Empty(t, heard)
	ask(other)
	require.Equal(t, []error{session.ErrOverloaded}, heard, "one more is refused at once")
	counted, err := registry.Gather()
	require.NoError(t, err)
	require.EqualValues(t, 1, counted[0].Metric[0].GetCounter().GetValue())
	ask(Peer{Node: "c@1", Address: "127.0.0.1:2", Envelope: 1})
	require.Len(t, heard, 1, "another node has room of its own")
	s.ConnectionLost(other.Address)
	require.Len(t, heard, 1+maxAsks)
	require.True(t, errors.Is(heard[maxAsks], errSilent))
}

func TestAnnouncementsArePacedAndComeToAnEnd(t *testing.T) {
	a := NewAnnouncer(&Client{})
	s := &System{options: Options{Node: "a@1", Router: elsewhere{other}}}
	const sockets = announceMost + 1000
	for conn := range uint64(sockets) {
		a.sockets[conn] = announced{key: session.Key(fmt.Sprint("e-", conn)), owner: "gone@1"}
	}
	for i, want := range []int{announceMost, 1000, 0} {
		list := a.due(s, 0)[other]
		require.Len(t, list, want, "turn %d", i)
		require.Equal(t, want > 0, a.dirty, "there is more to do, as far as turn %d knows", i)
		a.known(other.Node, list)
	}
}

func TestSocketsThatWentAreRememberedUpToABound(t *testing.T) {
	a := NewAnnouncer(&Client{})
	for conn := range uint64(maxGone + 10) {
		a.Detach("ada", session.Socket{Conn: conn})
	}
	require.Len(t, a.gone, maxGone)
}
