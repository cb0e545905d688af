package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// rotator is an employee at work while keys change. One goroutine uses it.
type rotator struct {
	nodes []*server
	login login
}

// work asks the nodes in turn, refreshes when told to and comes back when told to, until each has taken a
// token of the last key, once there is one. Any other answer is an error: it would have logged the employee
// out. It says when it has asked each node.
func (r *rotator) work(last *atomic.Value, begun func()) error {
	taken, deadline := map[*server]bool{}, time.Now().Add(patience)
	for asked := 0; len(taken) < len(r.nodes); asked++ {
		if asked == len(r.nodes) {
			begun()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: a token of the last key is not taken by every node; the token is of %s", r.login.Session.EmployeeID, keyOf(r.login.AccessToken))
		}
		node := r.nodes[asked%len(r.nodes)]
		a := node.strict(r.login.AccessToken)
		switch {
		case a.err != nil:
			return a.err
		case a.status == http.StatusOK:
			if keyOf(r.login.AccessToken) == last.Load() {
				taken[node] = true
			}
		case a.status == http.StatusServiceUnavailable:
		case a.status == http.StatusUnauthorized && a.problem().Code == "token_expired":
			if err := r.refresh(node); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s was answered %d %s", r.login.Session.EmployeeID, a.status, a.body)
		}
	}
	return nil
}

func (r *rotator) refresh(at *server) error {
	a := at.send("POST", "/v1/token/refresh", "", object{"refresh_token": r.login.RefreshToken})
	switch {
	case a.err != nil || a.status == http.StatusServiceUnavailable:
		return a.err
	case a.status != http.StatusOK:
		return fmt.Errorf("%s did not refresh: %d %s", r.login.Session.EmployeeID, a.status, a.body)
	}
	return json.Unmarshal(a.body, &r.login)
}

// keyOf is the kid of a token.
func keyOf(token string) string {
	head, _, _ := strings.Cut(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(head)
	var header struct{ Kid string }
	_ = json.Unmarshal(text, &header)
	return header.Kid
}

func (s *server) rotateKeys(compromised bool) (made struct {
	KID       string
	SignsFrom time.Time `json:"signs_from"`
},
) {
	s.t.Helper()
	a := s.send("POST", "/v1/admin/keys/rotate", adminKey, object{"compromised": compromised})
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	require.NoError(s.t, json.Unmarshal(a.body, &made))
	return made
}

// published are the kids of the JWKS.
func (s *server) published() (kids []string) {
	s.t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	require.NoError(s.t, json.Unmarshal(s.send("GET", "/.well-known/jwks.json", "", nil).body, &set))
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// A crowd works at two nodes while a key is announced and while the one that signs is thrown away: all of
// them refresh by themselves, and nobody is logged out.
func TestKeysAreRotatedUnderACrowdAndNoSessionEnds(t *testing.T) {
	nodes := startNodes(t, pgtest.URL(t), 2)
	crowd := make([]*rotator, 20)
	for i := range crowd {
		crowd[i] = &rotator{nodes: []*server{nodes[i%2], nodes[1-i%2]}, login: nodes[i%2].mustLogin(fmt.Sprintf("e%d", i), "till")}
	}
	first := keyOf(crowd[0].login.AccessToken)
	var all errgroup.Group
	var last atomic.Value
	var begun sync.WaitGroup
	begun.Add(len(crowd))
	for _, r := range crowd {
		all.Go(func() error {
			began := sync.OnceFunc(begun.Done)
			defer began()
			return r.work(&last, began)
		})
	}
	begun.Wait()
	announced := nodes[0].rotateKeys(false)
	require.ElementsMatch(t, []string{first, announced.KID}, nodes[0].published())
	require.Greater(t, time.Until(announced.SignsFrom), 9*time.Minute, "nobody's verifier knows it yet")
	require.Equal(t, first, keyOf(nodes[0].mustLogin("late", "till").AccessToken))
	made := nodes[0].rotateKeys(true)
	last.Store(made.KID)
	require.NoError(t, all.Wait())
	require.NotContains(t, nodes[0].published(), first, "what it signed is believed no more")
	for _, r := range crowd {
		sits := nodes[1].active(r.login.Session.EmployeeID)
		require.Len(t, sits, 1)
		require.Equal(t, []any{r.login.Session.SessionID, 1}, []any{sits[0].SessionID, sits[0].Epoch})
	}
}
