package actors_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// helped is a store whose commits, once after is set, wait for who comes to help, if somebody does.
type helped struct {
	*memoryStore
	after func() // when a commit has been answered

	mu      sync.Mutex
	asking  bool
	waiting []func()
}

func (s *helped) Commit(key session.Key, expected session.Version, change *session.Change, done func(error, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.after == nil || !s.asking {
		s.memoryStore.Commit(key, expected, change, done)
		return
	}
	s.waiting = append(s.waiting, func() { done(s.commit(key, expected, change), true) })
}

func (s *helped) Help(ask func()) {
	s.ask(true)
	ask()
	for _, commit := range s.ask(false) {
		commit()
		s.after()
	}
}

func (s *helped) ask(asking bool) (waiting []func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asking, waiting, s.waiting = asking, s.waiting, nil
	return waiting
}

// One goroutine goes the whole way: it decides, commits and tells. Not always, as a worker may still be
// about to leave the employee or its shard.
func TestALoneLoginIsWorkedByWhoWaitsForIt(t *testing.T) {
	s := &helped{}
	w := newWorldWith(t, func(o *actors.Options) {
		s.memoryStore = o.Store.(*memoryStore)
		o.Store = s
	})
	w.attach("ada", w.login("ada", "till-0"), 0)
	const logins = 50
	told, prompt := 0, 0
	s.after = func() {
		if len(w.gateway.told()) > told {
			prompt++
		}
	}
	for n := range logins {
		told = n
		reply := w.login("ada", fmt.Sprintf("till-%d", n+1))
		require.Len(t, reply.Deliveries, 1)
		w.attach("ada", reply, uint64(n+1))
	}
	require.Greater(t, prompt, logins/2, "the older socket was told before anybody else could run")
}
