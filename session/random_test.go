package session_test

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// chooser is where random commands come from: the fuzzer's bytes or rapid.
type chooser interface {
	// below returns a number from 0 to n-1, 0 when there is no more to choose from.
	below(n int) int
}

// bytesChooser reads the fuzzer's input from the front.
type bytesChooser struct{ rest []byte }

func (b *bytesChooser) below(n int) int {
	if len(b.rest) == 0 {
		return 0
	}
	c := b.rest[0]
	b.rest = b.rest[1:]
	return int(c) % n
}

// random makes commands of one employee from few ids, so that they meet each other.
type random struct {
	chooser
	now    session.Time
	issued int // session ids given out
}

func pick[T any](r *random, from ...T) T { return from[r.below(len(from))] }

func (r *random) yes() bool { return r.below(2) == 1 }

// pass moves the clock; mostly by little.
func (r *random) pass() {
	r.now = r.now.Add(pick(r, 0, 0, 0, time.Millisecond, time.Second, 31*time.Second, time.Minute, 11*time.Minute, time.Hour, 13*time.Hour))
}

func (r *random) fresh() session.ID {
	r.issued++
	return numbered(r.issued)
}

// known is one of the newest sessions, which may have ended, or never have been.
func (r *random) known() session.ID { return numbered(max(1, r.issued-r.below(6))) }

func numbered(n int) (id session.ID) {
	id[14], id[15] = byte(n>>8), byte(n)
	return id
}

func (r *random) terminal() session.TerminalID {
	return pick[session.TerminalID](r, "till-1", "till-2", "till-3", "till-4", "till-5")
}

func (r *random) socket() session.Socket {
	return session.Socket{Node: pick[session.Node](r, "n1", "n1", "n2"), Conn: uint64(r.below(pick(r, 4, 4, 24)))}
}

// policy is mostly a good one; now and then one that no row can keep.
func (r *random) policy() session.Policy {
	return session.Policy{
		MaxSessions: pick(r, 1, 1, 2, 3, 64, 0, -1, 1000),
		OnLimit:     pick(r, session.Takeover, session.Takeover, session.Deny, session.OnLimit(0), session.OnLimit(9)),
	}
}

func (r *random) policyOrNone() *session.Policy {
	if r.yes() {
		return nil
	}
	p := r.policy()
	return &p
}

func (r *random) deadline() session.Deadline {
	if r.below(8) == 7 {
		return session.Deadline{At: r.now.Add(pick(r, -time.Millisecond, 0, time.Second))}
	}
	return session.Deadline{}
}

func (r *random) command() session.Command {
	switch r.below(22) {
	default:
		return r.login()
	case 6, 7, 8, 20:
		return r.attach()
	case 9, 21:
		return session.Detach{Socket: r.socket()}
	case 10:
		return session.NodeLost{Node: pick[session.Node](r, "n1", "n2")}
	case 11:
		return session.Logout{Deadline: r.deadline(), Session: r.known()}
	case 12, 13:
		return session.Refresh{
			Deadline: r.deadline(), Session: r.known(), Generation: uint32(r.below(5)),
			Token: 15 * time.Minute, Idle: pick(r, 0, 0, 30*time.Minute),
		}
	case 14:
		return session.Expire{}
	case 15:
		return session.Check{Deadline: r.deadline(), Session: r.known(), Epoch: session.Epoch(r.below(9))}
	case 16:
		return r.end()
	case 17:
		return session.Create{
			Deadline: r.deadline(), Employee: "ada", Policy: r.policyOrNone(), Locked: r.below(4) == 3, Actor: "ops",
			Profile: r.profile(),
		}
	case 18:
		return r.update()
	case 19:
		if r.below(4) == 3 {
			return session.Delete{Deadline: r.deadline(), Actor: "ops"}
		}
		return session.Expire{}
	}
}

func (r *random) login() session.Login {
	c := session.Login{
		Deadline: r.deadline(), Employee: "ada", Terminal: r.terminal(), Device: "Till", Client: "pos",
		Trusted: r.below(4) > 0, Credential: uint32(r.below(3)), Override: r.below(8) == 7,
		Lifetime: pick(r, 12*time.Hour, time.Hour, time.Second), Idle: pick(r, 0, 0, 0, 30*time.Minute),
		Token: 15 * time.Minute, Default: r.policy(), Grace: pick(r, time.Minute, 0),
		IfActive: pick(r, session.OnLimit(0), session.OnLimit(0), session.Takeover, session.Deny),
	}
	if r.below(6) == 5 {
		c.Session = r.known()
		c.Maybe = session.Epoch(r.below(3))
	} else {
		c.Session = r.fresh()
	}
	if r.below(3) == 2 {
		c.Key = &session.KeyRecord{Hash: [16]byte{byte(r.below(12))}, Body: [16]byte{byte(r.below(2))}}
		if c.Looked = r.yes(); c.Looked && r.below(4) == 3 {
			c.Found = &session.KeyRecord{Hash: c.Key.Hash, Body: c.Key.Body, Session: r.known(), At: r.now}
		}
	}
	return c
}

func (r *random) attach() session.Attach {
	c := session.Attach{Deadline: r.deadline(), Session: r.known(), Epoch: session.Epoch(r.below(3)), Socket: r.socket()}
	if r.below(3) == 2 {
		c.Ticket = &session.Ticket{Nonce: [16]byte{byte(r.below(8))}, IssuedAt: r.now.Add(pick(r, 0, -30*time.Second, time.Second))}
	}
	return c
}

func (r *random) end() session.End {
	c := session.End{Deadline: r.deadline(), Reason: session.ReasonAdmin, Actor: "ops", Message: pick(r, "", "Closing")}
	if r.yes() {
		c.Session = r.known()
	} else if r.yes() {
		c.Except, c.Reason, c.Actor = r.known(), session.ReasonLogout, ""
	}
	return c
}

func (r *random) update() session.Update {
	c := session.Update{Deadline: r.deadline(), Default: r.policy(), KeepSessions: r.yes(), Actor: "ops"}
	if c.SetPolicy = r.yes(); c.SetPolicy {
		c.Policy = r.policyOrNone()
	}
	if r.below(3) == 2 {
		lock := r.yes()
		c.Locked = &lock
	}
	if r.below(3) == 2 {
		profile := r.profile()
		c.Profile = &profile
	}
	return c
}

func (r *random) profile() session.ProfilePatch {
	if r.yes() {
		return session.ProfilePatch{}
	}
	phc, name := "$argon2id$", "Ada"
	return session.ProfilePatch{PasswordHash: &phc, FirstName: &name}
}
