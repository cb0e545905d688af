package actors_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// instantStore commits at once: what is left is the cost of the actors and the rules.
type instantStore struct{ rows sync.Map }

func (s *instantStore) Load(key session.Key, done func(session.Employee, error)) {
	row, _ := s.rows.Load(key)
	e, _ := row.(session.Employee)
	done(e, nil)
}

func (s *instantStore) Commit(_ session.Key, _ session.Version, _ *session.Change, done func(error, bool)) {
	done(nil, false)
}

func (s *instantStore) Help(ask func()) { ask() }

func (s *instantStore) FindKey(_ session.Key, _ [16]byte, _ session.Time, done func(*session.KeyRecord, error)) {
	done(nil, nil)
}

type nowhere struct{}

func (nowhere) Tell([]session.Told, []*session.Delivery, time.Time) {}
func (nowhere) CloseSurplus(session.Socket)                         {}
func (nowhere) Sockets(session.ID) []session.Socket                 { return nil }
func (nowhere) Add([]session.Event)                                 {}

// BenchmarkTakeover is one login that ends another, through System.Do, without store and sockets.
func BenchmarkTakeover(b *testing.B) {
	s := actors.New(actors.Options{Store: &instantStore{}, Gateway: nowhere{}, View: nowhere{}, Clock: wallClock{}})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	var worker atomic.Uint64
	b.ReportAllocs()
	b.SetParallelism(128)
	b.RunParallel(func(pb *testing.PB) {
		w := worker.Add(1)
		for n := uint64(0); pb.Next(); n++ {
			employee := fmt.Sprintf("e%d-%d", w, n%64)
			login := session.Login{
				Employee: session.EmployeeID(employee), Session: session.ID{byte(w), byte(w >> 8), byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), 1},
				Terminal: "till-1", Device: "Chrome on Linux", Trusted: true, Lifetime: time.Hour, Token: time.Minute,
				Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
			}
			if _, err := s.Do(context.Background(), session.Key(employee), login); err != nil {
				b.Error(err)
			}
		}
	})
	b.StopTimer()
	cancel()
	<-stopped
}
