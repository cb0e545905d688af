package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hotseat-hub/hotseat/session"
	"pgregory.net/rapid"
)

// seat is one session in the model of the login rule.
type seat struct {
	id       session.ID
	terminal session.TerminalID
	born     session.Time
	dies     session.Time
	sockets  map[session.Socket]bool
	left     session.Time // the last detach
}

// held: under deny a seat belongs to who has a socket, or had one, or logged in, or may have had
// one that this owner does not know of, less than the grace ago.
func (s *seat) held(now, ownerSince session.Time, grace time.Duration) bool {
	if len(s.sockets) > 0 {
		return true
	}
	for _, since := range []session.Time{s.born, s.left, ownerSince} {
		if since > now.Add(-grace) {
			return true
		}
	}
	return false
}

// model is the login rule of the contract, slow and in its words.
type model struct {
	seats []*seat // oldest first
	since session.Time
}

// login answers who leaves by the newcomer and who by time, or who holds the seats.
func (m *model) login(c *session.Login, now session.Time) (left, expired, holders []session.ID) {
	var others, own []*seat
	for _, s := range m.seats {
		switch {
		case s.dies <= now:
			expired = append(expired, s.id)
		case s.terminal == c.Terminal:
			own = append(own, s)
		default:
			others = append(others, s)
		}
	}
	deny := c.Default.OnLimit == session.Deny || c.IfActive == session.Deny
	if c.Trusted && c.Override {
		deny = false
	}
	stay := slices.Clone(others)
	for len(stay)+1 > c.Default.MaxSessions {
		i := slices.IndexFunc(stay, func(s *seat) bool { return !deny || !s.held(now, m.since, c.Grace) })
		if i < 0 {
			return nil, nil, ids(stay)
		}
		stay = slices.Delete(stay, i, i+1)
	}
	for _, s := range m.seats {
		if slices.Contains(own, s) || slices.Contains(others, s) && !slices.Contains(stay, s) {
			left = append(left, s.id)
		}
	}
	m.seats = append(stay, &seat{
		id: c.Session, terminal: c.Terminal, born: now, dies: now.Add(c.Lifetime), sockets: map[session.Socket]bool{},
	})
	return left, expired, nil
}

func ids(seats []*seat) (list []session.ID) {
	for _, s := range seats {
		list = append(list, s.id)
	}
	return list
}

func TestALoginDoesWhatASlowAndObviousModelDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &random{chooser: rapidChooser{t}, now: start}
		state := session.State{Since: start}
		m := &model{since: start}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			r.now = r.now.Add(pick(r, 0, time.Millisecond, 20*time.Second, time.Minute-time.Millisecond, time.Minute, 40*time.Minute))
			switch r.below(6) {
			case 0:
				state = m.attach(r, state)
			case 1:
				before := picture(&state)
				next := m.detach(r, state)
				if picture(&state) != before {
					t.Fatalf("a detach wrote into the state that it was given: %s", before)
				}
				state = next
			case 2:
				if r.below(8) == 7 { // another owner takes over; the sockets are gone
					m.since = r.now
					for _, s := range m.seats {
						s.sockets, s.left = map[session.Socket]bool{}, 0
					}
					state, _ = session.Adopt(session.State{}, state.Employee, r.now)
				}
			default:
				state = m.compare(t, r, state)
			}
		}
	})
}

// few sockets meet each other often.
func (r *random) few() session.Socket { return session.Socket{Node: "n1", Conn: uint64(r.below(3))} }

func (m *model) attach(r *random, state session.State) session.State {
	c := session.Attach{Session: r.known(), Socket: r.few()}
	taken := slices.ContainsFunc(m.seats, func(s *seat) bool { return s.sockets[c.Socket] })
	for _, s := range m.seats {
		if s.id == c.Session && s.dies > r.now && !taken && len(s.sockets) < session.MaxSockets {
			s.sockets[c.Socket] = true
			state, _, _ = session.Step(state, r.now, c)
		}
	}
	return state
}

func (m *model) detach(r *random, state session.State) session.State {
	c := session.Detach{Socket: r.few()}
	for _, s := range m.seats {
		if s.sockets[c.Socket] {
			delete(s.sockets, c.Socket)
			s.left = r.now
		}
	}
	state, _, _ = session.Step(state, r.now, c)
	return state
}

func (m *model) compare(t *rapid.T, r *random, state session.State) session.State {
	c := session.Login{
		Employee: "ada", Session: r.fresh(), Terminal: r.terminal(), Trusted: r.below(4) > 0, Override: r.below(6) == 5,
		Lifetime: pick(r, 12*time.Hour, time.Hour), Token: time.Minute, Grace: pick(r, time.Minute, time.Minute, 0),
		Default:  session.Policy{MaxSessions: pick(r, 1, 2, 3, 4), OnLimit: pick(r, session.Takeover, session.Deny)},
		IfActive: pick(r, session.OnLimit(0), session.Takeover, session.Deny),
	}
	if !state.Exists() {
		c.Trusted = true
	}
	left, expired, holders := m.login(&c, r.now)
	next, change, err := session.Step(state, r.now, c)
	var active *session.ActiveError
	if errors.As(err, &active) {
		if diff := cmp.Diff(holders, idsOf(active.Active)); diff != "" {
			t.Fatalf("login %+v is refused for others (-model +rules):\n%s", c, diff)
		}
		return state
	}
	if err != nil || holders != nil {
		t.Fatalf("login %+v: rules %v, the model says held by %v", c, err, holders)
	}
	var byTime []session.ID
	for _, e := range change.Events {
		if e.Type == session.Expired {
			byTime = append(byTime, e.Session.ID)
		}
	}
	for what, pair := range map[string][2][]session.ID{
		"ended":   {left, idsOf(change.Reply.Ended)},
		"expired": {expired, byTime},
		"active":  {ids(m.seats), idsOf(next.Active)},
	} {
		if diff := cmp.Diff(pair[0], pair[1], sameEmpty); diff != "" {
			t.Fatalf("login %+v: other sessions %s (-model +rules):\n%s", c, what, diff)
		}
	}
	return next
}

func idsOf(sessions []session.Session) (list []session.ID) {
	for i := range sessions {
		list = append(list, sessions[i].ID)
	}
	return list
}
