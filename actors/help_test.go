package actors_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// helped is a store whose commits, once after is set, wait for who comes to help, and for nobody else.
type helped struct {
	*memoryStore
	waiting []func()
	after   func() // when a commit has been answered
}

func (s *helped) Commit(key session.Key, expected session.Version, change *session.Change, done func(error, bool)) {
	if s.after == nil {
		s.memoryStore.Commit(key, expected, change, done)
		return
	}
	s.waiting = append(s.waiting, func() { done(s.commit(key, expected, change), true) })
}

func (s *helped) Help(ask func()) {
	ask()
	for _, commit := range s.waiting {
		commit()
		s.after()
	}
	s.waiting = nil
}

// One goroutine goes the whole way: it decides, commits and tells.
func TestALoneLoginIsWorkedByWhoWaitsForIt(t *testing.T) {
	s := &helped{}
	w := newWorldWith(t, func(o *actors.Options) {
		s.memoryStore = o.Store.(*memoryStore)
		o.Store = s
	})
	w.attach("ada", w.login("ada", "till-1"), 7)
	told := 0
	s.after = func() { told = len(w.gateway.told()) }
	reply := w.login("ada", "till-2")
	require.Equal(t, 1, told, "the older socket was told before anybody else could run")
	require.Len(t, reply.Deliveries, 1)
}
