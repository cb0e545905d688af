package verify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	h "github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

// seatServer is a server of one employee that does everything at one instant, and the network around
// it: answers come later, or not at all. It keeps every promise unless a fault is planted.
type seatServer struct {
	*rand.Rand
	n         int
	now       int64 // each operation is done at an instant of its own
	epoch     byte
	made      []byte // epochs of all sessions
	active    []byte // those of the active ones, oldest first
	ended     []end
	done      map[string]byte // keys
	ops       []h.Operation
	lying     bool // accepts ended tokens now and then
	forget    bool // loses a login now and then
	reordered bool // tells epochs in an order of its own now and then
}

type end struct {
	epoch, by byte
	at        int64
	reason    string
}

func (s *seatServer) interval() (from, to int64) { return s.now - s.Int64N(30), s.now + s.Int64N(30) }

func (s *seatServer) run(steps int) {
	s.done = map[string]byte{}
	for range steps {
		s.now += 1 + s.Int64N(20)
		switch k := s.IntN(10); {
		case k < 3 && s.epoch < 250:
			s.login(fmt.Sprintf("k%d", s.IntN(40)))
		case k < 7:
			s.use()
		case k < 8:
			s.logout()
		default:
			s.list()
		}
	}
}

func (s *seatServer) login(key1 string) {
	from, to := s.interval()
	epoch, repeat := s.done[key1]
	if repeat {
		for _, e := range s.ended {
			if e.epoch == epoch {
				s.ops = append(s.ops, op(h.Login, from, to, 0, key(key1), refused(e.reason, session.Epoch(e.by)), func(o *h.Operation) { o.Session = session.ID{} }))
				return
			}
		}
	} else {
		s.epoch++
		epoch = s.epoch
		s.done[key1] = epoch
		s.made, s.active = append(s.made, epoch), append(s.active, epoch)
		for len(s.active) > s.n {
			s.end(s.active[0], "new_login")
		}
		if s.forget && s.IntN(3) == 0 {
			s.active, s.epoch = s.active[:len(s.active)-1], s.epoch-1
		}
	}
	o := login(from, to, epoch, key(key1))
	if s.IntN(4) == 0 {
		o = lost(from, to, key(key1))
	}
	if s.reordered && s.IntN(3) == 0 {
		o.Start, o.End = o.Start+200*ms, o.End+200*ms
	}
	s.ops = append(s.ops, o)
}

func (s *seatServer) end(epoch byte, reason string) {
	for i, e := range s.active {
		if e == epoch {
			s.active = append(s.active[:i:i], s.active[i+1:]...)
			s.ended = append(s.ended, end{epoch, s.epoch, s.now, reason})
			return
		}
	}
}

// use checks any token, most often a late one, strictly or by a view that is up to 100 ms old.
func (s *seatServer) use() {
	if len(s.made) == 0 {
		return
	}
	epoch := s.made[max(0, len(s.made)-1-s.IntN(4))]
	age := int64(0)
	if s.IntN(2) == 0 {
		age = s.Int64N(100)
	}
	from, to := s.interval()
	for _, e := range s.ended {
		if e.epoch == epoch && e.at <= s.now-age && !(s.lying && s.IntN(3) == 0) {
			s.ops = append(s.ops, strict(from, to, epoch, refused(e.reason, session.Epoch(e.by))))
			return
		}
	}
	if age > 0 {
		s.ops = append(s.ops, local(from, to, epoch, age))
	} else {
		s.ops = append(s.ops, strict(from, to, epoch, ok))
	}
}

func (s *seatServer) logout() {
	if len(s.active) == 0 || s.epoch >= 250 {
		return
	}
	epoch := s.active[s.IntN(len(s.active))]
	s.epoch++
	s.end(epoch, "logout")
	from, to := s.interval()
	how := ok
	if s.IntN(4) == 0 {
		how = unknown
	}
	s.ops = append(s.ops, op(h.Logout, from, to, epoch, how))
}

func (s *seatServer) list() {
	from, to := s.interval()
	s.ops = append(s.ops, list(from, to, s.active...))
}

func random(seed uint64, n int) *seatServer {
	return &seatServer{Rand: rand.New(rand.NewPCG(seed, 1)), n: n, now: 1000}
}

func TestWhateverAGoodServerDoesIsClean(t *testing.T) {
	for seed := range uint64(300) {
		n := 1 + int(seed%3)
		s := random(seed, n)
		s.run(200)
		r := check(t, h.Header{MaxSessions: n, Complete: true}, verify.Options{}, s.ops...)
		require.True(t, r.Clean(), "seed %d: %s", seed, text(t, r))
	}
}

// Each fault of the server must show in most histories, and for one seat to porcupine as well, which
// shares no rule with the others.
func TestWhateverAFaultyServerDoesIsFound(t *testing.T) {
	for name, plant := range map[string]func(*seatServer){
		"accepts ended tokens":    func(s *seatServer) { s.lying = true },
		"loses logins":            func(s *seatServer) { s.forget = true },
		"epochs in another order": func(s *seatServer) { s.reordered = true },
	} {
		for n := 1; n <= 2; n++ {
			const runs = 50
			found, byRegister := 0, 0
			for seed := range uint64(runs) {
				s := random(seed, n)
				plant(s)
				s.run(150)
				r := check(t, h.Header{MaxSessions: n}, verify.Options{}, s.ops...)
				if len(r.Violations) > 0 {
					found++
				}
				if first(r, verify.Register) != nil {
					byRegister++
				}
			}
			t.Logf("%s, %d seats: found in %d of %d, by porcupine in %d", name, n, found, runs, byRegister)
			require.Greater(t, found, runs*8/10, "%s, %d seats", name, n)
			if n == 1 {
				require.Greater(t, byRegister, runs*8/10, "%s, by porcupine", name)
			}
		}
	}
}
