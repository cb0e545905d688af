package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// S1 and S2 under a crowd: whatever order the logins commit in, one seat is left.
func TestFiftyLoginsAtOnceLeaveOneSessionOneTabOneToken(t *testing.T) {
	onEachStore(t, func(t *testing.T, store string) {
		s := start(t, store)
		s.addEmployee("grace", "correct horse")
		t.Run("trusted", func(t *testing.T) {
			crowd(t, s, "ada", newNPM(t), func(terminal string) answer {
				return s.trusted(object{"employee_id": "ada", "terminal_id": terminal})
			})
		})
		t.Run("with passwords", func(t *testing.T) {
			crowd(t, s, "grace", newCoder(t), func(terminal string) answer {
				return s.send("POST", "/v1/login", "",
					object{"employee_id": "grace", "password": "correct horse", "terminal_id": terminal})
			})
		})
	})
}

// crowd logs one employee in 50 times at once; each login opens its socket as soon as it is
// answered.
func crowd(t *testing.T, s *server, employee string, c clients, logIn func(terminal string) answer) {
	const size = 50
	var (
		tabs    [size]*tab
		answers [size]answer
		start   = make(chan struct{})
		all     sync.WaitGroup
	)
	for i := range size {
		all.Go(func() {
			<-start
			answers[i] = logIn(fmt.Sprintf("till-%d", i))
			var l login
			if answers[i].status == http.StatusOK && json.Unmarshal(answers[i].body, &l) == nil {
				tabs[i] = c.open(s, l)
			}
		})
	}
	close(start)
	all.Wait()
	for i, b := range tabs {
		require.NotNil(t, b, "login %d: %v %d %s", i, answers[i].err, answers[i].status, answers[i].body)
	}

	active := s.active(employee)
	require.Len(t, active, 1, "active sessions")
	require.Equal(t, size, active[0].Epoch, "every login moved the epoch once")
	var holder *tab
	for _, b := range tabs {
		if b.login.Session.SessionID == active[0].SessionID {
			holder = b
			continue
		}
		require.Equal(t, "new_login", b.toldAndClosed(t).Reason)
	}
	require.NotNil(t, holder, "the active session is one that was answered")
	holder.established(t)
	c.ping(holder)
	holder.await(t, "pong", func() bool { return holder.pongs == 1 })

	open, valid := 0, 0
	for _, b := range tabs {
		isOpen, told, closes := b.state()
		if isOpen {
			open++
		} else {
			require.Equal(t, []int{4510}, closes)
			require.Equal(t, 1, told)
		}
		if s.strict(b.login.AccessToken).status == http.StatusOK {
			valid++
		}
	}
	require.Equal(t, 1, open, "open tabs")
	require.Equal(t, 1, valid, "valid tokens")
}
